import { z } from 'zod';
import { headerNameFault } from '../../client/header-names.ts';

/**
 * What a config may add to every request to an OpenAI-compatible endpoint. Pure: workflows import it. All of it is
 * shown in records, MLflow and reports, so none of it may be a secret.
 */

/** Name of an environment variable that holds a secret. */
export const VARIABLE = /^[A-Z][A-Z0-9_]*$/;

/** Headers by the names of the environment variables that hold their values. */
export const Headers = z
  .record(z.string(), z.string())
  .default({})
  .superRefine((headers, context) => {
    for (const [name, variable] of Object.entries(headers)) {
      const refuse = (message: string) => context.addIssue({ code: 'custom', path: [name], message });
      const fault = headerNameFault(name, headers);
      if (fault !== undefined) refuse(fault);
      else if (!VARIABLE.test(variable))
        refuse(
          "set the name of an environment variable such as JUDGE_GATEWAY_TOKEN, and put the header's value there: " +
            'a config holds no secret',
        );
    }
  });

/** Names under which endpoints take a secret in their query. */
const SECRET_PARAMETER = /key|token|secret|password|credential|signature|^sig$|^code$/i;

/** Parameters in the query of every request, such as Azure's `api-version`. @param section with the headers. */
export function queryOf(section: string) {
  return z
    .record(z.string(), z.string())
    .default({})
    .superRefine((query, context) => {
      for (const name of Object.keys(query).filter((name) => SECRET_PARAMETER.test(name)))
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `send a secret as a header (${section}.headers): a config holds no secret`,
        });
    });
}

/** Fields of a judge's request that are set here. */
export const JUDGE_OWN_FIELDS: Readonly<Record<string, string>> = {
  model: 'set judge.model instead',
  messages: 'leave it out: a question has its own messages, and judge.systemRole says how they are sent',
  response_format: 'set judge.answerFormat instead',
  max_tokens: 'set judge.maxTokens instead',
  max_completion_tokens: 'set judge.maxTokens instead',
  temperature: 'leave it out: a judge is asked at temperature 0, so that it answers a question in one way',
  n: 'leave it out: one answer a question is read',
  stream: 'leave it out: answers are read whole',
};

/**
 * Further fields of every request, as the endpoint defines them. @param own fields that are set here, and what to do
 * instead of adding them.
 */
export function extraBodyOf(own: Readonly<Record<string, string>>) {
  return z
    .record(z.string(), z.json())
    .default({})
    .superRefine((body, context) => {
      for (const name of Object.keys(body))
        if (Object.hasOwn(own, name)) context.addIssue({ code: 'custom', path: [name], message: own[name]! });
    });
}

/** JSON that is the same for every order of fields: what a ledger key is made of. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
