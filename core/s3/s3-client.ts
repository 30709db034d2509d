import { S3Client } from '@aws-sdk/client-s3';
import { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { BucketPlace } from './store-url.ts';

const CONNECT_MILLISECONDS = 5000;
/** A body that brings nothing for so long is asked for again. */
const SILENCE_MILLISECONDS = 20_000;
/** Requests in all, with pauses that double up to 20 s: seconds in which nothing that was computed is lost. */
const ATTEMPTS = 6;
/** For servers that know of no regions, but whose signatures hold one. */
const ANY_REGION = 'us-east-1';

/** A client with credentials of the AWS SDK's usual chain, read anew. */
export function s3Client({ endpoint, region = defaultRegion(endpoint) }: BucketPlace, attempts = ATTEMPTS): S3Client {
  return new S3Client({
    ...(endpoint !== undefined && { endpoint, forcePathStyle: true }),
    ...(region !== undefined && { region }),
    // Without `ignoreCache` the SDK keeps a credentials file for the life of the process.
    credentials: defaultProvider({ ignoreCache: true }),
    maxAttempts: attempts,
    requestHandler: { connectionTimeout: CONNECT_MILLISECONDS, socketTimeout: SILENCE_MILLISECONDS },
    // Puts have their SHA-256, and readers compare it: a second checksum would only take time.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
}

function defaultRegion(endpoint: string | undefined): string | undefined {
  const { AWS_REGION, AWS_DEFAULT_REGION } = process.env;
  return endpoint === undefined ? undefined : (AWS_REGION ?? AWS_DEFAULT_REGION ?? ANY_REGION);
}
