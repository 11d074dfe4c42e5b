/** How a procedure of ours becomes one of tRPC: authorised first, then read by its schema, then run. */
import type { RagError } from "@rag-personal/core";
import { type AnyTRPCProcedure, initTRPC, type TRPCMutationProcedure, type TRPCQueryProcedure, type TRPCSubscriptionProcedure } from "@trpc/server";
import type * as z from "zod";
import type { Caller, Procedure, StreamProcedure } from "../api/procedure.ts";
import { toRagError } from "../http/problem.ts";
import { validate } from "../http/read-body.ts";
import { readInTime } from "../http/read-in-time.ts";
import { authorise, type Operation } from "../policy.ts";
import { asError } from "./client-left.ts";
import { errorShape } from "./error-shape.ts";

export interface TrpcContext {
  readonly caller: Caller;
  /** Why the credentials that were sent do not count; every call is refused with it. */
  readonly refusal: RagError | undefined;
  /** How long a reader may leave an event unread, in milliseconds. */
  readonly readTimeoutMs: number;
  /** Ends the connection. */
  readonly cut: () => void;
}

/** Sent while nothing happens, so that no proxy takes the connection for dead. */
const PING_MS = 15_000;

/** Kept with each query and mutation: what stands behind it. */
interface TrpcMeta {
  readonly served?: Procedure;
}

const t = initTRPC
  .context<TrpcContext>()
  .meta<TrpcMeta>()
  .create({
    isDev: false,
    errorFormatter: ({ error, path, ctx }) => errorShape(error, path, ctx?.caller.requestId),
    sse: { ping: { enabled: true, intervalMs: PING_MS } },
  });

export const { router } = t;

const authorised = (operation: Operation) =>
  t.procedure.use(async ({ ctx, next }) => {
    if (ctx.refusal !== undefined) throw ctx.refusal;
    await authorise(operation, ctx.caller.principal);
    return await next();
  });

/** In a batch, and in a stream, tRPC has a signal for each call, aborted when its client leaves, and not when the server stops. */
function callerOf({ ctx: { caller }, signal }: { readonly ctx: TrpcContext; readonly signal: AbortSignal | undefined }): Caller {
  if (signal === undefined) return caller;
  const { principal, requestId, address, onStage, stopping } = caller;
  return { principal, requestId, address, onStage, stopping, signal: AbortSignal.any([signal, caller.signal]) };
}

async function* parsed(schema: z.ZodType, events: AsyncIterable<unknown>): AsyncGenerator<unknown, void> {
  try {
    for await (const event of events) yield schema.parse(event);
  } catch (thrown) {
    // Without an error the client has left, and tRPC with it: nobody would take one that is thrown now.
    if (thrown instanceof Error) throw thrown;
  }
}

async function resultOf<Result>(running: Promise<Result>): Promise<Result> {
  try {
    return await running;
  } catch (thrown) {
    throw asError(thrown);
  }
}

/** What stands behind a query or a mutation; undefined for a subscription. */
export const servedBy = ({ _def }: AnyTRPCProcedure): Procedure | undefined => (_def.meta as TrpcMeta | undefined)?.served;

/**
 * What the built procedure does, in the same order. tRPC copies the options of a call and its context for each of the three steps, which
 * takes a fifth of the time that the server needs for the whole request.
 *
 * @param readInput called once the call is authorised.
 */
export async function callAlone(
  { operation, input, output, run }: Procedure,
  { caller, refusal }: TrpcContext,
  readInput: () => Promise<unknown>,
): Promise<unknown> {
  if (refusal !== undefined) throw refusal;
  await authorise(operation, caller.principal);
  const result = output.safeParse(await resultOf(run(validate(input, await readInput()), caller)));
  if (result.success) return result.data;
  throw toRagError(result.error);
}

/** The types of a procedure, for its clients. */
interface Types<Input extends z.ZodType, Output extends z.ZodType> {
  readonly input: z.input<Input>;
  readonly output: z.output<Output>;
  readonly meta: object;
}

// tRPC infers types from concrete schemas alone, not through these functions: the schemas go in without their types, which stand beside.

export function query<Input extends z.ZodType, Output extends z.ZodType>(parts: Procedure<Input, Output>) {
  const { operation, input, output, run }: Procedure = parts;
  const built = authorised(operation)
    .meta({ served: parts })
    .input(input)
    .output(output)
    .query((call) => resultOf(run(call.input, callerOf(call))));
  return built as TRPCQueryProcedure<Types<Input, Output>>;
}

export function mutation<Input extends z.ZodType, Output extends z.ZodType>(parts: Procedure<Input, Output>) {
  const { operation, input, output, run }: Procedure = parts;
  const built = authorised(operation)
    .meta({ served: parts })
    .input(input)
    .output(output)
    .mutation((call) => resultOf(run(call.input, callerOf(call))));
  return built as TRPCMutationProcedure<Types<Input, Output>>;
}

/** A mutation that takes a form with a file; the mount has read it by the schema's terms. */
export function upload<Output extends z.ZodType>(parts: Procedure<z.ZodType, Output>) {
  return mutation(parts) as unknown as TRPCMutationProcedure<{ readonly input: FormData; readonly output: z.output<Output>; readonly meta: object }>;
}

export function subscription<Input extends z.ZodType, Event extends z.ZodType>(parts: StreamProcedure<Input, Event>) {
  const { operation, input, event, run }: StreamProcedure = parts;
  const built = authorised(operation)
    .input(input)
    .subscription((call) => {
      const caller = callerOf(call);
      return readInTime(parsed(event, run(call.input, caller)), { timeoutMs: call.ctx.readTimeoutMs, cut: call.ctx.cut, stopping: caller.stopping });
    });
  return built as unknown as TRPCSubscriptionProcedure<{
    readonly input: z.input<Input>;
    readonly output: AsyncIterable<z.output<Event>, void>;
    readonly meta: object;
  }>;
}
