import { bucketError, faultOf } from '../../core/s3/bucket-faults.ts';
import { parseStoreUrl } from '../../core/s3/store-url.ts';
import type { PinnedSentence } from './sentence.ts';

const RIGHT = 'write it as s3://bucket/prefix, or s3://bucket/prefix?endpoint=https://host:port&region=name.';
const fault = (error: object) => {
  throw bucketError('s3://bucket/runs/', faultOf(error)!);
};

/** What a store in a bucket says. */
export const STORE_SENTENCES: readonly PinnedSentence[] = [
  [`InvalidConfig: VIDEOCAP_STORE names no bucket; ${RIGHT}`, () => parseStoreUrl('/data/store')],
  [
    `InvalidConfig: VIDEOCAP_STORE has the parameter "regoin", which is unknown; ${RIGHT}`,
    () => parseStoreUrl('s3://bucket/runs?regoin=x'),
  ],
  [
    `InvalidConfig: VIDEOCAP_STORE has the parameter "endpoint" without a value; ${RIGHT}`,
    () => parseStoreUrl('s3://bucket/runs?endpoint='),
  ],
  [
    'InvalidConfig: VIDEOCAP_STORE holds a user or a password; give credentials as the AWS SDK takes them, such as ' +
      `AWS_PROFILE; ${RIGHT}`,
    () => parseStoreUrl('s3://me:secret@bucket/runs'),
  ],
  [
    'InvalidConfig: VIDEOCAP_STORE has a prefix with other characters than letters, digits, ".", "_", "-" and "/"; ' +
      RIGHT,
    () => parseStoreUrl('s3://bucket/a%20b'),
  ],
  [
    'InvalidConfig: VIDEOCAP_STORE has a prefix that is longer than 100 characters, or has an empty ' +
      `part; ${RIGHT}`,
    () => parseStoreUrl(`s3://bucket/${'a'.repeat(101)}`),
  ],
  [
    'InvalidConfig: VIDEOCAP_STORE has an endpoint that is no http or https address, or holds more than an address; ' +
      RIGHT,
    () => parseStoreUrl('s3://bucket?endpoint=https://me:secret@host'),
  ],
  [
    'Unavailable: The store s3://bucket/runs/ refuses the credentials (ExpiredToken); renew them, or allow ' +
      's3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListBucket and ' +
      's3:ListBucketMultipartUploads. They are read again at the next attempt, but for those in environment variables.',
    () => fault({ name: 'ExpiredToken', $metadata: { httpStatusCode: 400 } }),
  ],
  [
    'Unavailable: There is no bucket for the store s3://bucket/runs/; make it, or correct VIDEOCAP_STORE.',
    () => fault({ name: 'NoSuchBucket' }),
  ],
  [
    'Unavailable: The store s3://bucket/runs/ does not answer (SlowDown); it is asked again. If it is not there, ' +
      'correct VIDEOCAP_STORE.',
    () => fault({ name: 'SlowDown', $metadata: { httpStatusCode: 503 } }),
  ],
];
