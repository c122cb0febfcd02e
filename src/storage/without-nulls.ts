// Null is SQL's; the program knows absence. The one place where rows change over.

/** The row without its null columns. `Row` must declare those as optional. */
export function withoutNulls<Row extends object>(row: object): Row {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null)) as Row;
}
