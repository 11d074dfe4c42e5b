/** Who can log in. */
import type { ResponsePromise } from "../http/response-promise.ts";
import { array, boolean, nullable, object, type Shape, string } from "../http/shape.ts";
import type { CallOptions } from "../options.ts";
import { type Calls, noResult, only } from "../trpc/calls.ts";

/** Somebody who can log in. Times are ISO 8601 in UTC. */
export interface User {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly isSuperuser: boolean;
  readonly createdAt: string;
  readonly disabledAt: string | null;
}

/** Somebody who shall be able to log in. */
export interface NewUser {
  /** 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or a digit. */
  readonly username: string;
  readonly email: string;
  readonly password: string;
  /** Administrators may do everything. Default false. */
  readonly isSuperuser?: boolean | undefined;
}

/**
 * Users, for administrators.
 *
 * @example
 * ```ts
 * const { id } = await client.admin.users.create({ username: "birk", email: "birk@example.test", password: "the goat eats bread at noon" });
 * console.log((await client.admin.users.list()).length);
 * await client.admin.users.disable(id);
 * ```
 */
export interface Users {
  list(options?: CallOptions): ResponsePromise<readonly User[]>;
  /** @throws ConflictError when the name is taken, InvalidRequestError when the name or the password does not do. */
  create(user: NewUser, options?: CallOptions): ResponsePromise<User>;
  /** Takes the log-in away, and every token with it. It is repeated after any failure that may pass. @throws NotFoundError */
  disable(id: string, options?: CallOptions): ResponsePromise<void>;
}

const user: Shape<User> = object<User>({
  id: string,
  username: string,
  email: string,
  isSuperuser: boolean,
  createdAt: string,
  disabledAt: nullable(string),
});

/** @internal */
export const createUsers = (calls: Calls): Users => ({
  list: (options = {}) =>
    calls.call({ repetition: "harmless", shape: array(user) }, options, (trpc, given) =>
      only("users", trpc.admin.users.list.query(undefined, given)),
    ),
  create: ({ username, email, password, isSuperuser }, options = {}) =>
    calls.call({ repetition: "once", shape: user }, options, (trpc, given) =>
      trpc.admin.users.create.mutate({ username, email, password, isSuperuser }, given),
    ),
  disable: (id, options = {}) =>
    calls.call({ repetition: "harmless", shape: noResult }, options, (trpc, given) => trpc.admin.users.disable.mutate({ id }, given)),
});
