/** Server-sent events out of text that arrives in pieces (HTML standard, section 9.2.6). */

/** One dispatched event. */
export interface ParsedEvent {
  /** `message` when the stream does not name it. */
  readonly event: string;
  readonly data: string;
}

/** Keeps what belongs to an event that is not complete yet. */
export interface EventParser {
  /** @returns the events that this piece completes. What a stream leaves incomplete at its end is never an event. */
  push(text: string): ParsedEvent[];
  /** UTF-16 units held for the event that is not complete yet. */
  readonly pendingLength: number;
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** `id` and `retry` are not kept: an answer cannot be resumed, it is asked for again. */
export function createEventParser(): EventParser {
  let line = "";
  let event = "";
  let data: string[] = [];
  let dataLength = 0;
  /** The last piece ended with CR: an LF at the start of the next one belongs to it. */
  let endedWithReturn = false;

  function takeField(): void {
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (name === "event") event = value;
    else if (name === "data") {
      data.push(value);
      dataLength += value.length + 1;
    }
  }

  function takeLine(completed: ParsedEvent[]): void {
    if (line !== "") takeField();
    else {
      if (data.length > 0) completed.push({ event: event === "" ? "message" : event, data: data.join("\n") });
      event = "";
      data = [];
      dataLength = 0;
    }
    line = "";
  }

  return {
    push(text) {
      const completed: ParsedEvent[] = [];
      if (text === "") return completed;
      let start = endedWithReturn && text.charCodeAt(0) === LINE_FEED ? 1 : 0;
      endedWithReturn = text.charCodeAt(text.length - 1) === CARRIAGE_RETURN;
      for (let at = start; at < text.length; at += 1) {
        const unit = text.charCodeAt(at);
        if (unit !== LINE_FEED && unit !== CARRIAGE_RETURN) continue;
        line += text.slice(start, at);
        takeLine(completed);
        if (unit === CARRIAGE_RETURN && text.charCodeAt(at + 1) === LINE_FEED) at += 1;
        start = at + 1;
      }
      line += text.slice(start);
      return completed;
    },
    get pendingLength() {
      return line.length + dataLength;
    },
  };
}
