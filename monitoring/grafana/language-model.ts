/** The language model: its calls, its circuit and its budget. */
import type { Dashboard } from "./panel.ts";
import { by, gauge, OURS, quantiles, query, rate, share } from "./queries.ts";

export const languageModel: Dashboard = {
  name: "language-model",
  title: "language model and budget",
  panels: [
    {
      title: "Failing calls",
      about: "Share of calls that failed, timed out, were refused by the provider or held back by the circuit. LLMErrorsHigh fires at 5 %.",
      unit: "percentunit",
      isNumber: true,
      redFrom: 0.05,
      queries: [
        query(
          share(
            rate("rag_llm_requests_total", `${OURS}, outcome!~"success|budget_spent"`),
            rate("rag_llm_requests_total", `${OURS}, outcome!="budget_spent"`),
          ),
          "failing",
        ),
      ],
    },
    {
      title: "Circuit",
      about: "0 closed, 1 open, 2 half open.",
      unit: "short",
      isNumber: true,
      redFrom: 1,
      queries: [query(`max(${gauge("rag_circuit_breaker_state")})`, "state")],
    },
    { title: "Calls left in this minute", unit: "short", isNumber: true, queries: [query(`min(${gauge("rag_rate_limit_remaining")})`, "calls")] },
    { title: "Waiting for their turn", unit: "short", isNumber: true, queries: [query(`sum(${gauge("rag_rate_limit_waiting")})`, "waiting")] },
    {
      title: "Refused for the budget",
      unit: "reqps",
      isNumber: true,
      queries: [query(`sum(${rate("rag_llm_requests_total", `${OURS}, outcome="budget_spent"`)})`, "refused")],
    },
    { title: "Median of a call", unit: "s", isNumber: true, queries: quantiles("rag_llm_latency_seconds", [0.5], `${OURS}, outcome="success"`) },
    { title: "Calls by outcome", unit: "reqps", queries: by("outcome", rate("rag_llm_requests_total")) },
    {
      title: "Time of calls that succeed",
      about: "To the last word.",
      unit: "s",
      queries: quantiles("rag_llm_latency_seconds", [0.5, 0.9, 0.99], `${OURS}, outcome="success"`),
    },
    {
      title: "State of the circuit",
      about: "0 closed, 1 open, 2 half open.",
      unit: "short",
      queries: [query(gauge("rag_circuit_breaker_state"), "{{instance}}")],
    },
    {
      title: "Transitions of the circuit",
      unit: "short",
      queries: [query(`sum by (from, to) (increase(rag_circuit_breaker_transitions_total{${OURS}}[$__rate_interval]))`, "{{from}} to {{to}}")],
    },
    { title: "Calls left in the minute", unit: "short", queries: [query(gauge("rag_rate_limit_remaining"), "{{instance}}")] },
    {
      title: "Tokens left in the minute",
      about: "Without LLM_TOKENS_PER_MINUTE they are not counted.",
      unit: "short",
      queries: [query(gauge("rag_rate_limit_tokens_remaining"), "{{instance}}")],
    },
  ],
};
