/** Writes the wire format of Protocol Buffers: as much of it as an ONNX file needs. */

const VARINT = 0;
const LENGTH_DELIMITED = 2;

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return bytes;
}

/** A field that holds a whole number ≥ 0. */
export function integerField(number: number, value: number): Uint8Array {
  return Uint8Array.from([...varint((number << 3) | VARINT), ...varint(value)]);
}

/** A field that holds bytes: a string, a message within the message, or packed numbers. */
export function bytesField(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([...varint((number << 3) | LENGTH_DELIMITED), ...varint(bytes.length)]), bytes]);
}

/** A field that holds a string. */
export function textField(number: number, text: string): Uint8Array {
  return bytesField(number, new TextEncoder().encode(text));
}

/** A message of these fields. */
export function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(fields);
}
