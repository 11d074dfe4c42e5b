/** Writes tables of data as Markdown tables; tables that only lay out a page are told apart. */

/** No real table is wider; `colspan` is believed up to it. */
const MAX_COLUMNS = 1_000;

/**
 * A Markdown table whose header is the first row; undefined when the table holds other tables or has but one column: then it only
 * lays out the page.
 *
 * @param inline the content of a cell, on one line.
 */
export function writeTable(table: HTMLElement, inline: (cell: HTMLElement) => string): string | undefined {
  if (table.querySelector("table") !== null) return undefined;
  const rows: string[][] = [];
  for (const row of table.querySelectorAll<HTMLElement>("tr")) {
    const cells: string[] = [];
    for (const cell of row.querySelectorAll<HTMLElement>("td, th")) {
      cells.push(inline(cell).replaceAll("|", "\\|"));
      const span = Number(cell.getAttribute("colspan") ?? "1");
      for (let extra = 1; extra < span && cells.length < MAX_COLUMNS; extra += 1) cells.push("");
    }
    if (cells.some((cell) => cell !== "")) rows.push(cells);
  }
  const [header, ...body] = rows;
  const columns = rows.reduce((widest, row) => Math.max(widest, row.length), 0);
  if (header === undefined || columns < 2) return undefined;
  const line = (cells: readonly string[]) => `| ${Array.from({ length: columns }, (_, at) => cells[at] ?? "").join(" | ")} |`;
  const caption = table.querySelector<HTMLElement>("caption");
  const lines = [line(header), `|${" --- |".repeat(columns)}`, ...body.map(line)];
  return `\n\n${caption === null ? "" : `${inline(caption)}\n\n`}${lines.join("\n")}\n\n`;
}
