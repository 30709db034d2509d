import { readKeyRules } from '../../configs/allowed.ts';
import { loadConfig } from '../../configs/load-config.ts';
import { VideocapError } from '../../core/errors.ts';
import { requireAllowedKeys } from '../../judge/client/allowed-keys.ts';
import { faultText, JudgeError } from '../../judge/client/judge-error.ts';
import { fetchThroughProxy, proxyFor } from '../../judge/client/proxy.ts';
import { secretFrom } from '../../judge/client/secrets.ts';
import { isLlm } from '../../judge/judge-config.ts';

const ANSWER_MILLISECONDS = 15_000;

/**
 * Asks the judge of a config for its list of models, which costs nothing, with all that its requests carry. Whether the
 * model judges well, `judge check` tells.
 * @throws VideocapError that holds no secret.
 */
export async function judgeAnswers(name: string, home: string): Promise<string> {
  const { judge } = await loadConfig(name, {});
  if (!isLlm(judge)) return `${judge.kind}, which needs no endpoint`;
  try {
    requireAllowedKeys(judge, await readKeyRules(home));
    const status = await statusOf(judge);
    return `${judge.baseUrl}, HTTP ${status}; try it with: videocap judge check ${name}`;
  } catch (error) {
    // Without the `videocap resume` of a run that waits.
    if (error instanceof JudgeError) throw new VideocapError('MissingTool', `${faultText(error.fault)}.`);
    throw error;
  }
}

/** What requests to a judge carry. A provider may have none of the optional fields. */
interface Endpoint {
  baseUrl: string;
  apiKeyEnv: string;
  headers?: Readonly<Record<string, string>>;
  query?: Readonly<Record<string, string>>;
}

async function statusOf({ baseUrl, apiKeyEnv, headers = {}, query = {} }: Endpoint): Promise<number> {
  const remedy = "set it where the judge's workers start";
  const sent = new Headers({
    authorization: `Bearer ${secretFrom(process.env, apiKeyEnv, 'judge.apiKeyEnv', remedy)}`,
  });
  for (const [header, variable] of Object.entries(headers))
    sent.set(header, secretFrom(process.env, variable, `judge.headers.${header}`, remedy));
  const url = `${baseUrl.replace(/\/+$/, '')}/models`;
  const asked = Object.keys(query).length === 0 ? url : `${url}?${new URLSearchParams(query)}`;
  const proxy = proxyFor(baseUrl, process.env);
  const response = await (proxy ? fetchThroughProxy : fetch)(asked, {
    headers: Object.fromEntries(sent),
    // Keys go to no other address.
    redirect: 'manual',
    signal: AbortSignal.timeout(ANSWER_MILLISECONDS),
    ...(proxy && ({ dispatcher: proxy.agent } as object)),
  }).catch((error: Error & { cause?: Error }) => {
    throw new VideocapError(
      'Unavailable',
      `${url} does not answer (${error.cause?.message || error.message}); correct judge.baseUrl.`,
    );
  });
  await response.body?.cancel();
  const { status } = response;
  const fault = (what: string) => new VideocapError('Unavailable', `${url} ${what} (HTTP ${status}).`);
  if (status === 401 || status === 403) throw fault(`refuses ${apiKeyEnv}; correct it`);
  if (status >= 500) throw fault('fails; try again later, or correct judge.baseUrl');
  if (status >= 300 && status < 400) throw fault('leads to another address; write that one into judge.baseUrl');
  return status;
}
