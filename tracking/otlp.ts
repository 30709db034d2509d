import { clipped } from '../core/clipped.ts';

/** Characters of an attribute: a request with a trace has two megabytes at most. */
const LONGEST_ATTRIBUTE = 20_000;

/** One span of a trace, as far as MLflow's pages show it. */
export interface Span {
  /** 32 hexadecimal digits. */
  traceId: string;
  /** 16 hexadecimal digits. */
  spanId: string;
  /** Absent: of the root. */
  parentSpanId?: string;
  name: string;
  type: 'CHAIN' | 'LLM';
  /** Milliseconds since the epoch. */
  start: number;
  end: number;
  inputs: unknown;
  outputs: unknown;
  more?: Readonly<Record<string, string>>;
}

/** A long value becomes a text that is cut. */
function attribute(key: string, value: unknown): object {
  const json = JSON.stringify(value);
  const short = json.length > LONGEST_ATTRIBUTE ? JSON.stringify(clipped(json, LONGEST_ATTRIBUTE)) : json;
  return { key, value: { stringValue: short } };
}

/** Spans as OTLP over HTTP takes them, in JSON. MLflow reads its own attributes as JSON texts. */
export function otlpBody(spans: readonly Span[]): object {
  return {
    resourceSpans: [
      {
        scopeSpans: [
          {
            scope: { name: 'videocap-r1' },
            spans: spans.map(
              ({ traceId, spanId, parentSpanId, name, type, start, end, inputs, outputs, more = {} }) => ({
                ...{ traceId, spanId, name, kind: 1, status: { code: 1 } },
                ...(parentSpanId !== undefined && { parentSpanId }),
                startTimeUnixNano: `${start}000000`,
                endTimeUnixNano: `${end}000000`,
                attributes: [
                  attribute('mlflow.spanInputs', inputs),
                  attribute('mlflow.spanOutputs', outputs),
                  attribute('mlflow.spanType', type),
                  ...Object.entries(more).map(([key, value]) => attribute(key, value)),
                ],
              }),
            ),
          },
        ],
      },
    ],
  };
}
