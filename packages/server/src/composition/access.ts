/** Where requests come from, and which of them may read the metrics. */
import type { Config } from "../config.ts";
import { createLoginThrottle } from "../security/login-throttle.ts";
import { createMetricsAccess } from "../security/metrics-access.ts";
import { createSenderIdentification } from "../security/request-sender.ts";
import type { AppServices } from "../services.ts";
import { clock } from "./time.ts";

export function createAccess(config: Config): Pick<AppServices, "identifySender" | "metricsAccess"> {
  const { METRICS_USERNAME: username, METRICS_PASSWORD: password } = config;
  return {
    identifySender: createSenderIdentification(config.TRUSTED_PROXIES),
    metricsAccess: createMetricsAccess({
      allowFrom: config.METRICS_ALLOW_FROM,
      credentials: username === undefined || password === undefined ? undefined : { username, password },
      throttle: createLoginThrottle({ monotonic: clock.monotonic }),
    }),
  };
}
