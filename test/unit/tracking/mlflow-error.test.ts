import { describe, expect, it } from 'vitest';
import { asVideocapError, MlflowError } from '../../../tracking/mlflow-error.ts';

const failure = (status: number, errorCode: string) =>
  asVideocapError(new MlflowError({ status, errorCode, message: 'it said so' }), 'http://mlflow');

describe('what an activity throws', () => {
  it.each([
    [0, 'NETWORK', /away \(it said so\)/],
    [0, 'TIMEOUT', /away/],
    [429, 'HTTP_429', /away/],
    [503, 'TEMPORARILY_UNAVAILABLE', /away/],
    [401, 'HTTP_401', /credentials \(401\); .*MLFLOW_TRACKING_TOKEN/],
    [403, 'PERMISSION_DENIED', /refuses the credentials/],
    [200, 'NOT_MLFLOW', /is no MLflow server .* set MLFLOW_TRACKING_URI/],
  ])('%i %s is waited for', (status, code, text) => {
    expect(failure(status, code)).toMatchObject({ code: 'Unavailable', retryable: true });
    expect(failure(status, code).message).toMatch(text);
  });

  it('two deliveries of the same points at the same moment are waited for: the later one finds them there', () => {
    const message = '(sqlite3.IntegrityError) UNIQUE constraint failed: metrics.key, metrics.timestamp';
    const error = new MlflowError({ status: 400, errorCode: 'BAD_REQUEST', message });
    expect(error.passing).toBe(true);
    expect(asVideocapError(error, 'http://mlflow')).toMatchObject({ code: 'Unavailable', retryable: true });
  });

  it('a request that MLflow will never accept is not', () => {
    const error = failure(400, 'INVALID_PARAMETER_VALUE');
    expect(error).toMatchObject({ code: 'InvalidInput', retryable: false });
    expect(error.message).toMatch(/mlflow .*INVALID_PARAMETER_VALUE: it said so/);
  });
});
