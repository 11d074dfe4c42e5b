/** What every transport serves: one operation of the policy table with what it takes, what it gives, and who asks for it. */
import type { OnStage } from "@rag-personal/core";
import type * as z from "zod";
import type { Operation, Principal } from "../policy.ts";

/** Who asks, and from where. */
export interface Caller {
  readonly principal: Principal;
  readonly requestId: string;
  /** Of the client, behind proxies that are trusted; `unknown` where there is none. */
  readonly address: string;
  /** Follows the steps of an answer, where the request is traced. */
  readonly onStage?: OnStage | undefined;
  /** Aborted when the caller has left, and when the server cuts what is in flight. */
  readonly signal: AbortSignal;
  /** Aborted when the server cuts what is in flight. */
  readonly stopping: AbortSignal | undefined;
}

/** A value nobody changes: what a procedure gives may be held by others too. */
export type Immutable<T> = T extends readonly (infer Item)[]
  ? readonly Immutable<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: Immutable<T[Key]> }
    : T;

/** A call with one result. The transport authorises `operation`, then reads the input by its schema, then runs it. */
export interface Procedure<Input extends z.ZodType = z.ZodType, Output extends z.ZodType = z.ZodType> {
  readonly operation: Operation;
  readonly input: Input;
  readonly output: Output;
  /** @throws RagError */
  run(input: z.output<Input>, caller: Caller): Promise<Immutable<z.output<Output>>>;
}

/** A call with many results, one after the other. */
export interface StreamProcedure<Input extends z.ZodType = z.ZodType, Event extends z.ZodType = z.ZodType> {
  readonly operation: Operation;
  readonly input: Input;
  readonly event: Event;
  /** Ends early, without an error, when the caller leaves. @throws RagError before the first event or between two. */
  run(input: z.output<Input>, caller: Caller): AsyncIterable<Immutable<z.output<Event>>>;
}

/** Infers the schemas of a procedure from what is given. */
export const procedure = <Input extends z.ZodType, Output extends z.ZodType>(parts: Procedure<Input, Output>): Procedure<Input, Output> => parts;

/** Infers the schemas of a procedure of many results from what is given. */
export const streamProcedure = <Input extends z.ZodType, Event extends z.ZodType>(
  parts: StreamProcedure<Input, Event>,
): StreamProcedure<Input, Event> => parts;
