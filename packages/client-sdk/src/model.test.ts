import { describe, expectTypeOf, it } from "vitest";
import type { ErrorCode } from "../../core/src/errors.ts";
import type * as core from "../../core/src/model.ts";
import type { ApiErrorCode } from "./errors.ts";
import type { Answer, AnswerEvent, AnswerWriter, Citation, NearMiss, SearchFilters, SourceReference } from "./model.ts";

/** Both directions, field by field: a new, missing, renamed or retyped field on either side fails the type check. */
type Same<Left, Right> = [Left] extends [Right] ? ([Right] extends [Left] ? true : false) : false;

type FlatWriter<Writer> = Writer extends { kind: "model"; model: infer Model }
  ? { readonly answeredBy: "model"; readonly model: Model }
  : Writer extends { kind: infer Kind }
    ? { readonly answeredBy: Kind; readonly model?: undefined }
    : never;

/** As `POST /chat` writes it: the writer flattened, the request's id added. */
type WireAnswer = Omit<core.Answer, "answeredBy"> & FlatWriter<core.AnsweredBy> & { readonly requestId: string };

type WireEvent = Exclude<core.AnswerEvent, { type: "done" }> | { readonly type: "done"; readonly answer: WireAnswer };

describe("the model", () => {
  it("is the server's", () => {
    expectTypeOf<Same<SearchFilters, core.SearchFilters>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Citation, core.Citation>>().toEqualTypeOf<true>();
    expectTypeOf<Same<NearMiss, core.NearMiss>>().toEqualTypeOf<true>();
    expectTypeOf<Same<SourceReference, core.SourceReference>>().toEqualTypeOf<true>();
    expectTypeOf<Same<AnswerWriter, FlatWriter<core.AnsweredBy>>>().toEqualTypeOf<true>();
    expectTypeOf<Same<Answer, WireAnswer>>().toEqualTypeOf<true>();
    expectTypeOf<Same<AnswerEvent, WireEvent>>().toEqualTypeOf<true>();
  });

  it("has the same fields, the optional ones included", () => {
    expectTypeOf<keyof Required<Answer>>().toEqualTypeOf<keyof Required<core.Answer> | "model" | "requestId">();
    expectTypeOf<keyof SearchFilters>().toEqualTypeOf<keyof core.SearchFilters>();
  });

  it("knows every code of the server", () => {
    expectTypeOf<Exclude<ApiErrorCode, "unknown">>().toEqualTypeOf<ErrorCode>();
  });
});
