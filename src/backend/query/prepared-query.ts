import type { AttrCatalog } from '../store/attr-catalog.ts';
import { evaluateForms, type QuerySource } from './evaluate-forms.ts';
import type { FileUrl } from './file-url.ts';
import { type FormResult, gatherOutcome, type QueryOutcome } from './outcome.ts';
import { parseQuery } from './parse-query.ts';
import { planQuery } from './plan-query.ts';
import type { ParsedQuery } from './query-form.ts';
import type { RootPlan } from './query-plan.ts';

/** Reduces the results of a query's forms to what may be sent; `ruleParams` are those of the query. */
export type FormFilter = (
  forms: readonly FormResult[],
  ruleParams: QueryOutcome['ruleParams'],
) => readonly FormResult[];

/** Options of a run. */
export interface RunOptions {
  /** Returns file URLs; without it, files are sent without `url`. */
  fileUrl?: FileUrl;
  /** Drops what is not visible. Pages are cut, and counted, before this. */
  filter?: FormFilter | undefined;
}

/** An InstaQL query that can run repeatedly: parsed once, and planned once per change of the attributes. */
export class PreparedQuery {
  readonly #query: unknown;
  readonly #admin: boolean;
  #parsed: ParsedQuery | undefined;
  #planned: { catalog: AttrCatalog; version: number; plans: readonly RootPlan[] } | undefined;

  /** With `admin`, the query may contain aggregates. Never throws; errors in the query are reported by `run`. */
  constructor(query: unknown, { admin }: { admin: boolean }) {
    this.#query = query;
    this.#admin = admin;
  }

  /** The current answer; throws as `runQuery` does. */
  run(source: QuerySource, { fileUrl, filter }: RunOptions): QueryOutcome {
    const { catalog } = source;
    const parsed = this.#parse();
    const forms = evaluateForms(source, this.#plan(catalog, parsed), fileUrl);
    const { ruleParams } = parsed;
    return gatherOutcome(filter?.(forms, ruleParams) ?? forms, { ruleParams, catalog });
  }

  #parse(): ParsedQuery {
    this.#parsed ??= parseQuery(this.#query);
    return this.#parsed;
  }

  #plan(catalog: AttrCatalog, parsed: ParsedQuery): readonly RootPlan[] {
    const { version } = catalog;
    if (this.#planned?.catalog !== catalog || this.#planned.version !== version) {
      const plans = planQuery({ catalog, query: this.#query, admin: this.#admin }, parsed);
      this.#planned = { catalog, version, plans };
    }
    return this.#planned.plans;
  }
}
