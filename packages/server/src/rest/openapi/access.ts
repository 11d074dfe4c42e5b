/** What the policy table asks for, in the words of OpenAPI and in those of people. */
import { type Operation, POLICY } from "../../policy.ts";

const API_KEY = { apiKey: [] };
const ACCESS_TOKEN = { accessToken: [] };
const MONITOR = { monitor: [] };

interface Access {
  /** One of these suffices; an empty one says that none is needed. */
  readonly security: Record<string, string[]>[];
  readonly words: string;
}

export function describeAccess(operation: Operation): Access {
  const requirement = POLICY[operation];
  switch (requirement) {
    case "anybody":
      return { security: [], words: "Needs no credential." };
    case "machine":
      return {
        security: [{}, MONITOR, API_KEY, ACCESS_TOKEN],
        words: `From an address of \`METRICS_ALLOW_FROM\` it needs no credential; from another one the user of \`METRICS_USERNAME\`, an API key with the operation \`${operation}\`, or an access token.`,
      };
    case "client":
      return { security: [API_KEY, ACCESS_TOKEN], words: `Needs an API key with the operation \`${operation}\`, or the access token of any user.` };
    case "granted":
      return {
        security: [API_KEY, ACCESS_TOKEN],
        words: `Needs an API key that was made for \`${operation}\` by name, which the configured one never is, or the access token of an administrator.`,
      };
    case "user":
      return { security: [ACCESS_TOKEN], words: "Needs the access token of a user; an API key does not reach it." };
    case "admin":
      return { security: [ACCESS_TOKEN], words: "Needs the access token of an administrator; an API key does not reach it." };
  }
}
