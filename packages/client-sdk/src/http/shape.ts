/** Shapes of JSON values, checked by hand-written combinators: a schema library would outweigh the whole client. */

/** Knows whether a value is a `T`. */
export interface Shape<T> {
  /** Where the value first differs, as a path such as `citations[0].start`; undefined when it is a `T`. */
  mismatch(value: unknown, path: string): string | undefined;
  /** Never set; it ties the shape to its type. */
  readonly type?: (value: T) => T;
}

const simple = <T>(isOne: (value: unknown) => boolean): Shape<T> => ({ mismatch: (value, path) => (isOne(value) ? undefined : path) });

export const string: Shape<string> = simple((value) => typeof value === "string");
export const number: Shape<number> = simple((value) => typeof value === "number");
export const boolean: Shape<boolean> = simple((value) => typeof value === "boolean");

/** Null. */
export const nothing: Shape<null> = simple((value) => value === null);

export const absent: Shape<undefined> = simple((value) => value === undefined);

/** Exactly one of these strings. */
export const oneOf = <const T extends string>(...values: readonly T[]): Shape<T> =>
  simple((value) => typeof value === "string" && (values as readonly string[]).includes(value));

export const array = <T>(item: Shape<T>): Shape<readonly T[]> => ({
  mismatch(value, path) {
    if (!Array.isArray(value)) return path;
    for (const [index, each] of value.entries()) {
      const found = item.mismatch(each, `${path}[${index}]`);
      if (found !== undefined) return found;
    }
    return undefined;
  },
});

/** Absent or a `T`. */
export const optional = <T>(shape: Shape<T>): Shape<T | undefined> => ({
  mismatch: (value, path) => (value === undefined ? undefined : shape.mismatch(value, path)),
});

/** An object with at least these fields: a newer server may send more. */
export const object = <T extends object>(fields: { readonly [Name in keyof T]-?: Shape<T[Name]> }): Shape<T> => ({
  mismatch(value, path) {
    if (typeof value !== "object" || value === null) return path;
    for (const name of Object.keys(fields) as (keyof T & string)[]) {
      const found = fields[name].mismatch(Reflect.get(value, name), path === "" ? name : `${path}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  },
});

/** One or the other; a value that is neither is told where it differs from the last. */
export const either = <Left, Right>(left: Shape<Left>, right: Shape<Right>): Shape<Left | Right> => ({
  mismatch: (value, path) => (left.mismatch(value, path) === undefined ? undefined : right.mismatch(value, path)),
});

/** Both at once. */
export const both = <Left, Right>(left: Shape<Left>, right: Shape<Right>): Shape<Left & Right> => ({
  mismatch: (value, path) => left.mismatch(value, path) ?? right.mismatch(value, path),
});

/** Whether the value has the shape. */
export const matches = <T>(shape: Shape<T>, value: unknown): value is T => shape.mismatch(value, "") === undefined;

/** An object whose values, whatever their names, have the shape. */
export const record = <T>(item: Shape<T>): Shape<Readonly<Record<string, T>>> => ({
  mismatch(value, path) {
    if (typeof value !== "object" || value === null) return path;
    for (const [name, each] of Object.entries(value)) {
      const found = item.mismatch(each, `${path}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  },
});

/** Null or a `T`. */
export const nullable = <T>(shape: Shape<T>): Shape<T | null> => either(nothing, shape);

/** One of several objects, told apart by `type`. */
export interface Tagged<T> extends Shape<T> {
  knows(type: string): boolean;
}

export const tagged = <T extends { readonly type: string }>(
  shapes: {
    readonly [Type in T["type"]]: Shape<Extract<T, { readonly type: Type }>>;
  },
): Tagged<T> => {
  const known = new Map<unknown, Pick<Shape<never>, "mismatch">>(Object.entries<Pick<Shape<never>, "mismatch">>(shapes));
  return {
    knows: (type) => known.has(type),
    mismatch(value, path) {
      if (typeof value !== "object" || value === null) return path;
      const shape = known.get(Reflect.get(value, "type"));
      return shape === undefined ? `${path}.type` : shape.mismatch(value, path);
    },
  };
};
