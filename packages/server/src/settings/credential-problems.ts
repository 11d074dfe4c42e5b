/** What is wrong with the configured credentials. */
import { findPasswordFault } from "../security/password-rules.ts";
import { isKnownExample, secretProblem } from "./secret-problem.ts";
import type { CredentialConfig } from "./shared.ts";

const GIVEN = ["API_KEY", "SECRET_KEY", "ADMIN_PASSWORD"] as const;

/**
 * Outside production anything but an empty text will do. In production the key and the secret must be there; a password of `admin` need not, because
 * `scripts/create-admin` sets it too. One that is shorter than a secret is held to the rules of passwords.
 */
export function credentialProblems(config: CredentialConfig, { isProduction }: { readonly isProduction: boolean }): string[] {
  if (!isProduction) return GIVEN.flatMap((name) => (config[name] === "" ? [`${name} is empty`] : []));
  const { API_KEY, SECRET_KEY, API_KEY_PREVIOUS, SECRET_KEY_PREVIOUS, ADMIN_PASSWORD } = config;
  return [
    secretProblem("API_KEY", API_KEY),
    secretProblem("SECRET_KEY", SECRET_KEY),
    API_KEY_PREVIOUS === undefined ? undefined : secretProblem("API_KEY_PREVIOUS", API_KEY_PREVIOUS),
    SECRET_KEY_PREVIOUS === undefined ? undefined : secretProblem("SECRET_KEY_PREVIOUS", SECRET_KEY_PREVIOUS),
    ADMIN_PASSWORD === undefined ? undefined : passwordProblem(ADMIN_PASSWORD),
  ].filter((problem) => problem !== undefined);
}

function passwordProblem(password: string): string | undefined {
  const asSecret = secretProblem("ADMIN_PASSWORD", password);
  if (asSecret === undefined || isKnownExample(password)) return asSecret;
  const fault = findPasswordFault(password, "admin");
  return fault === undefined ? undefined : `ADMIN_PASSWORD ${fault}`;
}
