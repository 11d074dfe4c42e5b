/** What the reference tells of every route. */
import type { RouteDescriptions } from "../openapi/route-description.ts";
import { ADMINISTRATION } from "./administration.ts";
import { AUTHENTICATION } from "./authentication.ts";
import { CHAT } from "./chat.ts";
import { HEALTH } from "./health.ts";
import { INGESTION } from "./ingestion.ts";
import { REFERENCE } from "./reference.ts";
import { SESSIONS } from "./sessions.ts";

export const ROUTE_DESCRIPTIONS: RouteDescriptions = {
  ...CHAT,
  ...SESSIONS,
  ...INGESTION,
  ...AUTHENTICATION,
  ...ADMINISTRATION,
  ...HEALTH,
  ...REFERENCE,
};
