/** What a dashboard is made of, in our own words, and in those of Grafana. */

/** Grafana's names of units. */
export type Unit = "short" | "percentunit" | "s" | "bytes" | "reqps" | "bool_on_off";

export interface Query {
  /** PromQL; `$instance` is what was chosen above, `$__rate_interval` a window that fits what is shown. */
  readonly expression: string;
  /** Grafana's template of a series' name. */
  readonly legend: string;
}

export interface Panel {
  readonly title: string;
  /** What to make of it. */
  readonly about?: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** One number instead of a course over time. */
  readonly isNumber?: true;
  /** From here on it is red, in a panel of one number. */
  readonly redFrom?: number;
  /** Why it shows nothing while all is well. */
  readonly emptyBecause?: string;
}

export interface Dashboard {
  /** Of its file and its address. */
  readonly name: string;
  readonly title: string;
  readonly panels: readonly Panel[];
}

const DATASOURCE = { type: "prometheus", uid: "prometheus" } as const;
const GRID_WIDTH = 24;
const NUMBER = { width: 4, height: 4 };
const COURSE = { width: 8, height: 8 };
/** Of Grafana 11, which later ones read too. */
const SCHEMA_VERSION = 39;

const REF_IDS = "ABCDEFGH";

function toTargets(queries: readonly Query[]) {
  return queries.map(({ expression, legend }, at) => ({ refId: REF_IDS[at] ?? "Z", datasource: DATASOURCE, expr: expression, legendFormat: legend }));
}

function toGrafana(panel: Panel, id: number, gridPos: { x: number; y: number; w: number; h: number }) {
  const { title, about = "", unit, queries, isNumber, redFrom } = panel;
  const common = { id, title, description: about, gridPos, datasource: DATASOURCE, targets: toTargets(queries) };
  if (isNumber !== true) {
    return {
      ...common,
      type: "timeseries",
      fieldConfig: { defaults: { unit, min: 0, custom: { lineWidth: 1, fillOpacity: 10, showPoints: "never" } }, overrides: [] },
      options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    };
  }
  const steps = [{ color: "green", value: null }, ...(redFrom === undefined ? [] : [{ color: "red", value: redFrom }])];
  return {
    ...common,
    type: "stat",
    fieldConfig: { defaults: { unit, thresholds: { mode: "absolute", steps } }, overrides: [] },
    options: { reduceOptions: { calcs: ["lastNotNull"] }, colorMode: "value", graphMode: "none" },
  };
}

/** Places panels from left to right, those of one number in rows of their own. */
function* place(panels: readonly Panel[]) {
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  for (const [at, panel] of panels.entries()) {
    const { width: w, height: h } = panel.isNumber === true ? NUMBER : COURSE;
    if (x + w > GRID_WIDTH || (x > 0 && h !== rowHeight)) {
      x = 0;
      y += rowHeight;
    }
    rowHeight = h;
    yield toGrafana(panel, at + 1, { x, y, w, h });
    x += w;
  }
}

/** The JSON that Grafana reads. */
export function toGrafanaDashboard({ name, title, panels }: Dashboard) {
  return {
    uid: `rag-${name}`,
    title: `RAG: ${title}`,
    tags: ["rag-personal"],
    editable: false,
    schemaVersion: SCHEMA_VERSION,
    version: 1,
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    timezone: "browser",
    annotations: { list: [] },
    templating: {
      list: [
        {
          name: "instance",
          label: "Server",
          type: "query",
          datasource: DATASOURCE,
          query: 'label_values(up{job="rag"}, instance)',
          refresh: 2,
          sort: 1,
          multi: true,
          includeAll: true,
          current: { text: "All", value: "$__all" },
        },
      ],
    },
    panels: [...place(panels)],
  };
}
