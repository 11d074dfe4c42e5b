/** Writes ONNX files. Field numbers are those of onnx.proto (IR version 8, operators of version 17). */
import { bytesField, integerField, message, textField } from "./protobuf.ts";

const IR_VERSION = 8;
const OPERATOR_VERSION = 17;
const FLOAT = 1;
const INT64 = 7;

/** What may stand in a tensor of ours. */
export type TensorType = "float" | "int64";

const elementType = (type: TensorType): number => (type === "float" ? FLOAT : INT64);

/** One operation: `inputs` and `outputs` are names of tensors. Attributes are whole numbers. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, number>>;
}

/** A tensor whose values stand in the file. */
export interface OnnxConstant {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array | BigInt64Array;
}

/** A tensor that goes in or comes out; a name as a length is one that differs between runs. */
export interface OnnxValue {
  readonly name: string;
  readonly type: TensorType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

const ATTRIBUTE_INT = 2;

function node({ operator, inputs, outputs, attributes = {} }: OnnxNode): Uint8Array {
  return message(
    ...inputs.map((name) => textField(1, name)),
    ...outputs.map((name) => textField(2, name)),
    textField(4, operator),
    ...Object.entries(attributes).map(([name, value]) =>
      bytesField(5, message(textField(1, name), integerField(3, value), integerField(20, ATTRIBUTE_INT))),
    ),
  );
}

function constant({ name, shape, values }: OnnxConstant): Uint8Array {
  return message(
    ...shape.map((length) => integerField(1, length)),
    integerField(2, elementType(values instanceof Float32Array ? "float" : "int64")),
    textField(8, name),
    bytesField(9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  );
}

function value({ name, type, shape }: OnnxValue): Uint8Array {
  const dimensions = shape.map((length) => bytesField(1, typeof length === "number" ? integerField(1, length) : textField(2, length)));
  const tensor = message(integerField(1, elementType(type)), bytesField(2, message(...dimensions)));
  return message(textField(1, name), bytesField(2, bytesField(1, tensor)));
}

/** The bytes of the file. */
export function encodeOnnx({ nodes, constants, inputs, outputs }: OnnxGraph): Uint8Array {
  const graph = message(
    ...nodes.map((each) => bytesField(1, node(each))),
    textField(2, "tiny"),
    ...constants.map((each) => bytesField(5, constant(each))),
    ...inputs.map((each) => bytesField(11, value(each))),
    ...outputs.map((each) => bytesField(12, value(each))),
  );
  return message(integerField(1, IR_VERSION), bytesField(7, graph), bytesField(8, message(textField(1, ""), integerField(2, OPERATOR_VERSION))));
}
