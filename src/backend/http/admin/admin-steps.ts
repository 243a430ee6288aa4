import type { JsonObject, JsonValue } from '../../../protocol/json.ts';
import type { Mode } from '../../transact/tx-steps.ts';

/** How a step of the admin API identifies an entity: by its id, or by the value of a unique attribute. */
export type EntityName =
  | { readonly by: 'id'; readonly id: string }
  | {
      readonly by: 'value';
      /** The label of the attribute; `label.id` for the target of a link. */
      readonly label: string;
      readonly value: JsonValue;
      /** The original form, for error messages. */
      readonly written: JsonValue;
    };

/** Writes values of an entity. */
export interface WriteStep {
  readonly action: 'create' | 'update' | 'merge';
  readonly etype: string;
  readonly entity: EntityName;
  readonly values: JsonObject;
  readonly mode: Mode | undefined;
}

/** Links an entity, or removes links. */
export interface LinkStep {
  readonly action: 'link' | 'unlink';
  readonly etype: string;
  readonly entity: EntityName;
  readonly links: readonly { readonly label: string; readonly targets: readonly EntityName[] }[];
}

/** One validated step of `POST /admin/transact`. */
export type AdminStep =
  | WriteStep
  | LinkStep
  | { readonly action: 'delete'; readonly etype: string; readonly entity: EntityName }
  | {
      readonly action: 'ruleParams';
      readonly etype: string;
      readonly entity: EntityName;
      readonly params: JsonObject;
    }
  | { readonly action: 'add-attr'; readonly attr: JsonObject }
  | { readonly action: 'delete-attr'; readonly id: string };
