/** Why members of one of core's classes matter here, in a line each. */
export type Whys<Name extends PropertyKey> = Readonly<Partial<Record<Name, string>>>;
