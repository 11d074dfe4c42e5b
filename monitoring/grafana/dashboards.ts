/** The dashboards, in the order in which an operator looks at them. */
import { backups } from "./backups.ts";
import { languageModel } from "./language-model.ts";
import type { Dashboard } from "./panel.ts";
import { retrieval } from "./retrieval.ts";
import { service } from "./service.ts";
import { stores } from "./stores.ts";

export const DASHBOARDS: readonly Dashboard[] = [service, retrieval, languageModel, stores, backups];
