/** Access tokens: HS256 JSON Web Tokens with every claim required and checked. */
import { RagError } from "@rag-personal/core";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";

const ISSUER = "rag-personal";
const AUDIENCE = "rag-personal-admin";
const CLOCK_TOLERANCE_SECONDS = 5;

/** What a token says. */
export interface AccessTokenClaims {
  readonly username: string;
  /** Milliseconds since the epoch, a whole second. */
  readonly issuedAtMs: number;
}

/** Issues and checks access tokens. */
export interface AccessTokens {
  /** Lifetime in seconds. */
  readonly lifetimeSeconds: number;
  issue(username: string): Promise<string>;
  /** @throws {RagError} `unauthenticated` for anything but a valid, unexpired token of ours. */
  verify(token: string): Promise<AccessTokenClaims>;
}

/** The secret that signed tokens before the present one. */
export interface PreviousSigningSecret {
  readonly secret: string;
  /** Whether its tokens are still taken. */
  readonly isAccepted: () => boolean;
  /** Told of each that was. */
  readonly noteUse: () => void;
}

/**
 * @param secret at least 32 bytes of text; signs every new token.
 * @param previous tokens that it signed are held to everything that the others are held to, their own expiry too.
 * @param nowMs wall clock in milliseconds since the epoch.
 */
export function createAccessTokens({
  secret,
  previous,
  lifetimeMinutes,
  nowMs,
}: {
  secret: string;
  previous?: PreviousSigningSecret | undefined;
  lifetimeMinutes: number;
  nowMs: () => number;
}): AccessTokens {
  const key = new TextEncoder().encode(secret);
  const previousKey = previous && new TextEncoder().encode(previous.secret);
  const lifetimeSeconds = lifetimeMinutes * 60;

  async function verifyWith(signedBy: Uint8Array, token: string): Promise<JWTPayload> {
    const { payload } = await jwtVerify(token, signedBy, {
      algorithms: ["HS256"],
      issuer: ISSUER,
      audience: AUDIENCE,
      requiredClaims: ["exp", "iat", "sub"],
      maxTokenAge: lifetimeSeconds,
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
      currentDate: new Date(nowMs()),
    });
    return payload;
  }

  /** No key id in the header tells which secret it was: tokens of before the first rotation have none. */
  async function verifyWithEither(token: string): Promise<JWTPayload> {
    try {
      return await verifyWith(key, token);
    } catch (error) {
      const isOfAnother = error instanceof errors.JWSSignatureVerificationFailed;
      if (!isOfAnother || previous === undefined || previousKey === undefined || !previous.isAccepted()) throw error;
      const payload = await verifyWith(previousKey, token);
      previous.noteUse();
      return payload;
    }
  }

  return {
    lifetimeSeconds,
    async issue(username) {
      const issuedAt = Math.floor(nowMs() / 1000);
      return await new SignJWT()
        .setProtectedHeader({ alg: "HS256", typ: "JWT" })
        .setSubject(username)
        .setIssuer(ISSUER)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(key);
    },
    async verify(token) {
      try {
        const payload = await verifyWithEither(token);
        if (typeof payload.sub !== "string" || payload.sub === "") throw new Error("empty subject");
        if (payload.iat === undefined) throw new Error("no time of issue");
        return { username: payload.sub, issuedAtMs: payload.iat * 1_000 };
      } catch (cause) {
        throw new RagError("unauthenticated", "The access token is not valid or has expired. Get a new one from POST /auth/token.", { cause });
      }
    },
  };
}
