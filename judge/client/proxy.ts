import { EnvHttpProxyAgent, fetch as proxyingFetch } from 'undici';
import { withoutCredentials } from './credentials.ts';
import { JudgeError } from './judge-error.ts';

/** The proxy that requests to an endpoint go through. */
export interface EndpointProxy {
  /** The environment variable that names it. */
  variable: string;
  /** Without user name and password. */
  address: string;
  /** Whether NO_PROXY names hosts that are reached without it, the endpoint's perhaps among them. */
  hasExceptions: boolean;
  agent: EnvHttpProxyAgent;
}

/** For `agent`; the `fetch` of Node is of another version of the same library and refuses it. */
export const fetchThroughProxy = proxyingFetch as unknown as typeof fetch;

/** Agents keep connections open, so a process has one for each proxy. */
const agents = new Map<string, EnvHttpProxyAgent>();

/**
 * The proxy for a URL by `HTTPS_PROXY` or `HTTP_PROXY` and `NO_PROXY`, which the `fetch` of Node 20 does not read. As
 * elsewhere, the names in lower case go first, and the URL's scheme chooses the variable. A server on this machine is
 * never reached through a proxy, as in Go: a proxy elsewhere could not reach it.
 * @throws JudgeError `JudgeBlocked` when the variable holds no URL of an HTTP proxy.
 */
export function proxyFor(url: string, env: NodeJS.ProcessEnv): EndpointProxy | undefined {
  const { protocol, hostname } = new URL(url);
  const name = protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const variable = env[name] === undefined ? name.toUpperCase() : name;
  const value = env[variable]?.trim();
  if (!value || isLoopback(hostname)) return undefined;
  const proxy = parsed(value);
  if (!proxy)
    throw new JudgeError({
      kind: 'blocked',
      sentence: `The environment variable ${variable} holds no URL of an HTTP proxy`,
      remedy: 'set it to a URL such as http://proxy.example:3128 where the worker runs',
    });
  const noProxy = (env.no_proxy ?? env.NO_PROXY ?? '').trim();
  const key = JSON.stringify([proxy.href, noProxy]);
  // The scheme of the URL has chosen; with one variable empty, the agent uses the other one for both schemes.
  const both = { httpProxy: proxy.href, httpsProxy: '', noProxy };
  // Plain HTTP is forwarded: many proxies allow tunnels to port 443 only.
  const agent = agents.get(key) ?? new EnvHttpProxyAgent({ ...both, proxyTunnel: false });
  agents.set(key, agent);
  return { variable, address: withoutCredentials(proxy.href), hasExceptions: noProxy !== '', agent };
}

function parsed(value: string): URL | undefined {
  const text = value.includes('://') ? value : `http://${value}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url && /^https?:$/.test(url.protocol) ? url : undefined;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}
