/** Who may read the metrics without a credential of the API: what monitors this server. */
import { RagError } from "@rag-personal/core";
import type { AddressRanges } from "./address-ranges.ts";
import type { LoginThrottle } from "./login-throttle.ts";
import type { Sender } from "./request-sender.ts";
import { sameSecret } from "./same-secret.ts";

export interface MetricsAccess {
  /**
   * True for an address that is let in, and for the configured user.
   *
   * @param authorization the header; another scheme than Basic is not looked at, nor is Basic where no user is configured.
   * @throws {RagError} `unauthenticated` for a wrong user or password, `rate_limited` after too many of them.
   */
  isMonitor(sender: Sender, authorization: string | undefined): Promise<boolean>;
}

export interface MetricsAccessOptions {
  readonly allowFrom: AddressRanges;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  /** Of its own: a user's name may be the same. */
  readonly throttle: LoginThrottle;
}

export function createMetricsAccess({ allowFrom, credentials, throttle }: MetricsAccessOptions): MetricsAccess {
  const isRight = credentials && sameSecret(`${credentials.username}:${credentials.password}`);
  return {
    async isMonitor(sender, authorization) {
      if (!sender.isRelayed && allowFrom.has(sender.address)) return true;
      const encoded = /^basic +([\w+/=-]+)$/i.exec(authorization ?? "")?.[1];
      if (isRight === undefined || encoded === undefined) return false;
      await throttle.attempt("metrics", sender.address, async () => {
        if (!isRight(Buffer.from(encoded, "base64").toString())) {
          throw new RagError("unauthenticated", "The user name or the password for the metrics is wrong.");
        }
      });
      return true;
    },
  };
}
