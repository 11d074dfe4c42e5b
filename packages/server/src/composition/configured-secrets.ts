/** The configured key and the access tokens, with the secrets before them while those are good. */
import type { Config } from "../config.ts";
import { type AccessTokens, createAccessTokens } from "../security/access-tokens.ts";
import { sameSecret } from "../security/same-secret.ts";
import { acceptPreviousKey, createSecretOverlap, describeOverlap, previousSigning, type RotatedSecret } from "../security/secret-overlap.ts";
import { previousSecretsOf } from "../settings/shared.ts";
import type { Surroundings } from "./surroundings.ts";
import { clock } from "./time.ts";

export interface ConfiguredSecrets {
  /** Whether it is the configured key, or the one before while that is good. */
  readonly isKey: (given: string) => boolean | Promise<boolean>;
  readonly tokens: AccessTokens;
  /** For the metrics. */
  readonly previousUse: () => { readonly uses: Readonly<Record<RotatedSecret, number>>; readonly until: number };
  /** What health says of the previous secrets; undefined where none are configured. */
  readonly describePrevious: () => string | undefined;
}

const MS = 1_000;

export function createConfiguredSecrets(
  config: Config,
  { apiKey, secretKey }: { readonly apiKey: string; readonly secretKey: string },
  { log }: Pick<Surroundings, "log">,
): ConfiguredSecrets {
  const previous = previousSecretsOf(config);
  const overlap = createSecretOverlap({ previous, clock, log });
  const { API_KEY: previousKey, SECRET_KEY: previousSecret } = previous.values;
  const describePrevious = (): string | undefined => describeOverlap(previous, overlap.status());
  const state = describePrevious();
  if (state !== undefined) log.warn({}, state);
  return {
    isKey: acceptPreviousKey(sameSecret(apiKey), previousKey === undefined ? undefined : sameSecret(previousKey), overlap),
    tokens: createAccessTokens({
      secret: secretKey,
      previous: previousSecret === undefined ? undefined : previousSigning(previousSecret, overlap),
      lifetimeMinutes: config.ACCESS_TOKEN_MINUTES,
      nowMs: clock.now,
    }),
    previousUse() {
      const { uses, untilMs } = overlap.status();
      return { uses, until: (untilMs ?? 0) / MS };
    },
    describePrevious,
  };
}
