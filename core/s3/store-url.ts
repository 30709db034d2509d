import { VideocapError } from '../errors.ts';

/** Where in which bucket the artifacts lie. */
export interface BucketPlace {
  bucket: string;
  /** Empty, or with a `/` at its end. */
  prefix: string;
  /** Of a server that is not Amazon's: `http://127.0.0.1:7070`. */
  endpoint?: string;
  region?: string;
}

/** With the longest key of the store, a ref's suffix and this, an object's key has at most the 1024 bytes of S3. */
const LONGEST_PREFIX = 100;
const PARAMETERS = ['endpoint', 'region'] as const;
const RIGHT = 'write it as s3://bucket/prefix, or s3://bucket/prefix?endpoint=https://host:port&region=name';

/**
 * `s3://bucket/prefix?endpoint=https://host:port&region=name`. It holds no credentials: those come from where the AWS
 * SDK looks for them.
 * @throws VideocapError `InvalidConfig`, without what the text holds in the place of a user's name and password.
 */
export function parseStoreUrl(text: string): BucketPlace {
  const url = urlOf(text);
  if (url?.protocol !== 's3:' || !isBucket(url.hostname) || url.port !== '' || url.hash !== '')
    throw wrong('names no bucket');
  const unknown = [...url.searchParams.keys()].find((name) => !(PARAMETERS as readonly string[]).includes(name));
  if (unknown !== undefined) throw wrong(`has the parameter "${unknown}", which is unknown`);
  if (url.username !== '' || url.password !== '')
    throw wrong('holds a user or a password; give credentials as the AWS SDK takes them, such as AWS_PROFILE');
  const empty = [...url.searchParams].find(([, value]) => value === '');
  if (empty) throw wrong(`has the parameter "${empty[0]}" without a value`);
  // A name that is encoded (`%20`) has other characters.
  const prefix = url.pathname.replace(/^\/+|\/+$/g, '');
  if (/[^A-Za-z0-9._/-]/.test(prefix))
    throw wrong('has a prefix with other characters than letters, digits, ".", "_", "-" and "/"');
  if (prefix.includes('//') || prefix.length > LONGEST_PREFIX)
    throw wrong(`has a prefix that is longer than ${LONGEST_PREFIX} characters, or has an empty part`);
  const { endpoint, region } = Object.fromEntries(url.searchParams) as { endpoint?: string; region?: string };
  return {
    bucket: url.hostname,
    prefix: prefix === '' ? '' : `${prefix}/`,
    ...(endpoint !== undefined && { endpoint: endpointOf(endpoint) }),
    ...(region !== undefined && { region }),
  };
}

/** The same place as one text, for messages. */
export function storeName({ bucket, prefix, endpoint }: BucketPlace): string {
  return `s3://${bucket}/${prefix}${endpoint === undefined ? '' : ` at ${endpoint}`}`;
}

function endpointOf(text: string): string {
  const url = urlOf(text);
  const isPlain = url && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!isPlain || !['http:', 'https:'].includes(url.protocol))
    throw wrong('has an endpoint that is no http or https address, or holds more than an address');
  return url.origin + (url.pathname === '/' ? '' : url.pathname);
}

function urlOf(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** Amazon's rule for names, and the upper case that older servers allow. */
function isBucket(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/i.test(name);
}

function wrong(what: string): VideocapError {
  return new VideocapError('InvalidConfig', `VIDEOCAP_STORE ${what}; ${RIGHT}.`);
}
