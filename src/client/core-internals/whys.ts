/** Why members of one of core's classes matter here, one line each. */
export type Whys<Name extends PropertyKey> = Readonly<Partial<Record<Name, string>>>;
