import { createServer, type Server } from 'node:http';
import { createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { callerIdentity } from '../../src/dynamodb/identity.js';
import { describeTable, observeTable } from '../../src/dynamodb/describe.js';
import { scanPages } from '../../src/dynamodb/items.js';
import { createIndex, listTables } from '../../src/dynamodb/tables.js';
import { CliError } from '../../src/errors.js';
import { type ConnectRequest, openConnection } from '../../src/operations/connect.js';
import { LAYOUTS } from '../../src/schema/index.js';
import { closeAll, contextFor, freshName, sessionsDefinition, startDouble } from '../operations/harness.js';
import { awsFaults } from '../support/aws-double.js';
import type { FaultRule } from '../support/double/faults.js';
import { freePort, useEngine } from '../support/engine.js';

closeAll();
const engine = useEngine();

interface Failed {
  readonly error: CliError;
  /** Milliseconds until it came. */
  readonly ms: number;
}

/** The error that a piece of work ends with, which must be one that a user understands. */
async function failureOf(work: Promise<unknown>): Promise<Failed> {
  const started = performance.now();
  const error: unknown = await work.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof CliError)) throw error;
  return { error, ms: performance.now() - started };
}

const describing = (endpoint: string, table = 'things'): Promise<unknown> =>
  describeTable(contextFor(endpoint).dynamo, table);

const portOf = (server: Server | TcpServer): number => {
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
};

const request = (more: Partial<ConnectRequest> = {}): ConnectRequest => ({
  region: 'eu-west-1',
  profile: null,
  profileIsFlag: false,
  endpoint: null,
  localFile: null,
  layouts: LAYOUTS,
  env: process.env,
  signal: new AbortController().signal,
  now: Date.now,
  onProgress: () => {},
  label: 'test',
  ...more,
});

/** A machine without any AWS set-up. */
function bareMachine(): void {
  for (const name of Object.keys(process.env).filter((key) => key.startsWith('AWS_'))) vi.stubEnv(name, undefined);
  vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
  vi.stubEnv('AWS_CONFIG_FILE', '/nonexistent/config');
  vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', '/nonexistent/credentials');
}

/** Takes connections and never says a word. */
const silentSockets = new Set<Socket>();
const silent = createTcpServer((socket) => {
  silentSockets.add(socket);
  socket.on('error', () => undefined);
});
/** Asked while the other tests run: it takes ten seconds. */
let silence: Promise<Failed>;

beforeAll(async () => {
  await new Promise<void>((done) => void silent.listen(0, '127.0.0.1', done));
  silence = failureOf(describing(`http://127.0.0.1:${portOf(silent)}`));
});
afterAll(() => {
  silent.close();
  for (const socket of silentSockets) socket.destroy();
});

describe('errors that AWS answers', () => {
  const CASES: readonly (readonly [string, FaultRule['error'], string, RegExp, RegExp, number])[] = [
    [
      'access denied',
      awsFaults.accessDenied('DescribeTable', 'things'),
      'ACCESS_DENIED',
      /user\/x may not dynamodb:DescribeTable on table 'things' in eu-west-1/,
      /allow dynamodb:DescribeTable on arn:aws:dynamodb:eu-west-1:123456789012:table\/things/,
      1,
    ],
    [
      'an expired token',
      awsFaults.expiredToken,
      'CREDENTIALS_EXPIRED',
      /have expired .*DescribeTable in eu-west-1/,
      /aws sso login/,
      1,
    ],
    ['unknown credentials', awsFaults.unrecognizedClient, 'CREDENTIALS_INVALID', /does not accept/, /--profile/, 1],
    ['a bad signature', awsFaults.invalidSignature, 'CREDENTIALS_INVALID', /InvalidSignatureException/, /--profile/, 1],
    [
      'a clock that is off',
      { name: 'InvalidSignatureException', message: 'Signature not yet current: 20260101T000000Z is later' },
      'CREDENTIALS_INVALID',
      /not yet current/,
      /clock/,
      1,
    ],
    ['throttling', awsFaults.throttling, 'THROTTLED', /DescribeTable on table 'things'/, /capacity/, 4],
    ['exceeded throughput', awsFaults.throughputExceeded, 'THROTTLED', /throttled, also after retries/, /capacity/, 12],
    ['an account limit', awsFaults.limitExceeded, 'LIMIT_EXCEEDED', /Only 500 tables/, /wait/, 4],
    ['a table in use', awsFaults.resourceInUse('things'), 'TABLE_BUSY', /not possible now/, /status/, 1],
    [
      'a backup that is not there',
      { name: 'BackupNotFoundException', message: 'Backup not found: arn' },
      'BACKUP_NOT_FOUND',
      /Backup not found: arn/,
      /backup list/,
      1,
    ],
    [
      'a backup in use',
      { name: 'BackupInUseException', message: 'Backup is being created' },
      'BACKUP_BUSY',
      /not possible now .*Backup is being created/,
      /AVAILABLE/,
      1,
    ],
    [
      'a table too new for backups',
      { name: 'ContinuousBackupsUnavailableException', message: 'Backups are being enabled' },
      'BACKUPS_UNAVAILABLE',
      /not possible yet .*being enabled/,
      /in a minute/,
      1,
    ],
    [
      'recovery that is off',
      { name: 'PointInTimeRecoveryUnavailableException', message: 'not enabled' },
      'RECOVERY_UNAVAILABLE',
      /not enabled/,
      /setup --pitr/,
      1,
    ],
    [
      'an instant that cannot be restored',
      { name: 'InvalidRestoreTimeException', message: 'not valid' },
      'RECOVERY_UNAVAILABLE',
      /not valid/,
      /between the earliest and the latest/,
      1,
    ],
    [
      'an instant that cannot be exported',
      { name: 'InvalidExportTimeException', message: 'not valid' },
      'RECOVERY_UNAVAILABLE',
      /not valid/,
      /15 minutes to 24 hours/,
      1,
    ],
    [
      'a restore over a table',
      { name: 'TableAlreadyExistsException', message: 'Table already exists: things' },
      'TABLE_EXISTS',
      /Table already exists: things/,
      /--to-table/,
      1,
    ],
    [
      'a table that is being restored',
      { name: 'TableInUseException', message: 'Table is being created: things' },
      'TABLE_BUSY',
      /being created: things/,
      /ACTIVE/,
      1,
    ],
    [
      'an export of the same',
      { name: 'ExportConflictException', message: 'There was a conflict' },
      'BACKUP_BUSY',
      /conflict/,
      /under way/,
      1,
    ],
    ['HTTP 500', awsFaults.internalServerError, 'AWS_ERROR', /InternalServerError/, /--verbose/, 4],
    ['HTTP 503', awsFaults.serviceUnavailable, 'AWS_ERROR', /ServiceUnavailable/, /--verbose/, 4],
    [
      'a refusal',
      { name: 'ValidationException', message: 'no good' },
      'REQUEST_INVALID',
      /DescribeTable on table 'things' in eu-west-1 at http.* was refused: no good/,
      /^$/,
      1,
    ],
  ];

  it.each(CASES)('%s', async (_what, error, code, message, hint, attempts) => {
    const running = await startDouble(engine.endpoint);
    running.double.inject({ operation: '*', ...(error === undefined ? {} : { error }) });
    // The SDK's pauses are a random share of up to two seconds.
    vi.spyOn(Math, 'random').mockReturnValue(0.05);
    const failed = await failureOf(describing(running.double.endpoint));
    expect(failed.error.code).toBe(code);
    expect(failed.error.message).toMatch(message);
    expect(failed.error.hint ?? '').toMatch(hint);
    expect(running.double.calls.length).toBeLessThanOrEqual(attempts);
    expect(failed.ms).toBeLessThan(8000);
  });

  it('a missing table, by name and place', async () => {
    const context = contextFor(engine.endpoint);
    expect(await describeTable(context.dynamo, 'nothing')).toBeNull();
    const { error } = await failureOf(scanPages(context.dynamo, 'nothing').next());
    expect(error).toMatchObject({
      code: 'TABLE_NOT_FOUND',
      message: `table 'nothing' does not exist in eu-west-1 at ${engine.endpoint}`,
      hint: expect.stringContaining('setup'),
    });
  });

  it('a table in a state that forbids the call', async () => {
    const running = await startDouble(engine.endpoint, { delays: { update: 60_000 } });
    const name = freshName('busy');
    await running.raw.call('CreateTable', sessionsDefinition(name));
    await new Promise((resolve) => setTimeout(resolve, 30));
    await running.raw.call('UpdateTable', { TableName: name, TableClass: 'STANDARD_INFREQUENT_ACCESS' });
    const { dynamo } = running.context();
    const table = await observeTable(dynamo, name);
    if (table === null) throw new Error('the table is gone');
    const { error } = await failureOf(
      createIndex(dynamo, table, {
        name: 'New',
        partitionKey: { name: 'x', type: 'S' },
        projection: { type: 'ALL' },
      }),
    );
    expect(error).toMatchObject({
      code: 'TABLE_BUSY',
      message: expect.stringContaining(`UpdateTable is not possible now on table '${name}'`),
      hint: expect.stringContaining('once it is ACTIVE'),
    });
  });

  it('a dropped connection is tried again, but not for ever', async () => {
    const running = await startDouble(engine.endpoint);
    running.double.inject({ operation: 'ListTables', times: 2, dropConnection: true });
    await listTables(running.context().dynamo, 5);
    running.double.forgetCalls();
    running.double.inject({ operation: 'ListTables', dropConnection: true });
    const { error } = await failureOf(listTables(running.context().dynamo, 5));
    expect(error.code).toBe('ENDPOINT_UNREACHABLE');
    expect(running.double.calls).toHaveLength(4);
  });

  it('an HTML page with status 500', async () => {
    const running = await startDouble(engine.endpoint);
    running.double.inject({ operation: '*', html: true });
    const { error, ms } = await failureOf(describing(running.double.endpoint));
    expect(error).toMatchObject({
      code: 'ENDPOINT_NOT_DYNAMODB',
      message: expect.stringMatching(/answers, but not as DynamoDB does/),
      hint: expect.stringContaining('--endpoint-url'),
    });
    expect(running.double.calls.length).toBeLessThanOrEqual(4);
    expect(ms).toBeLessThan(4000);
  });

  it('says who the credentials are', async () => {
    const running = await startDouble(engine.endpoint);
    vi.stubEnv('AWS_ENDPOINT_URL_STS', running.double.endpoint);
    expect(await callerIdentity(running.context().dynamo)).toBe(
      'arn:aws:iam::123456789012:user/x in account 123456789012',
    );
    running.double.inject({
      operation: 'GetCallerIdentity',
      error: { name: 'ExpiredToken', message: 'The security token included in the request is expired' },
    });
    await expect(callerIdentity(running.context().dynamo)).rejects.toBeInstanceOf(CliError);
  });
});

describe('endpoints that are not DynamoDB', () => {
  let web: Server;
  let page = '';
  let webCalls = 0;
  let statusCode = 200;

  beforeAll(async () => {
    web = createServer((incoming, response) => {
      webCalls += 1;
      incoming.resume();
      response.writeHead(statusCode, { 'content-type': page.startsWith('{') ? 'application/json' : 'text/html' });
      response.end(page);
    });
    await new Promise<void>((done) => void web.listen(0, '127.0.0.1', done));
  });
  afterAll(() => {
    web.close();
  });

  it('a closed port: said within two seconds', async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const { error, ms } = await failureOf(describing(endpoint));
    expect(error).toMatchObject({
      code: 'ENDPOINT_UNREACHABLE',
      message: expect.stringMatching(new RegExp(`nothing answers DescribeTable at ${endpoint}.*ECONNREFUSED`)),
      hint: expect.stringContaining('--local'),
    });
    expect(ms).toBeLessThan(2000);
  });

  it('lets go of a server that never answers at once when interrupted', async () => {
    const stop = new AbortController();
    const context = contextFor(`http://127.0.0.1:${portOf(silent)}`, { signal: stop.signal });
    setTimeout(() => stop.abort(), 100);
    const { error, ms } = await failureOf(describeTable(context.dynamo, 'things'));
    expect(error.code).toBe('INTERRUPTED');
    expect(ms).toBeLessThan(1000);
  });

  it.each([
    [200, '<html><body>Welcome to nginx!</body></html>'],
    [404, '<html><body>404 Not Found</body></html>'],
    [405, 'Method Not Allowed'],
    [403, '<html>Forbidden</html>'],
    [404, '{"message":"Not Found"}'],
    [200, '{}'],
    [200, '{"ok":true}'],
  ])('a web server that answers %i %s', async (code, body) => {
    page = body;
    statusCode = code;
    webCalls = 0;
    const endpoint = `http://127.0.0.1:${portOf(web)}`;
    const { error, ms } = await failureOf(describing(endpoint));
    expect(error).toMatchObject({
      code: 'ENDPOINT_NOT_DYNAMODB',
      message: expect.stringContaining(endpoint),
      hint: expect.stringContaining('--endpoint-url'),
    });
    expect(webCalls).toBeLessThanOrEqual(4);
    expect(ms).toBeLessThan(4000);
  });

  it('a host that does not exist: asked once', async () => {
    const { error, ms } = await failureOf(describing('http://no-such-host.invalid:8000'));
    expect(error).toMatchObject({
      code: 'ENDPOINT_UNREACHABLE',
      message: expect.stringContaining('no-such-host.invalid'),
      hint: expect.stringContaining('spelling'),
    });
    expect(ms).toBeLessThan(12_000);
  });
});

describe('credentials', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  it('placeholder ones are used on a loopback endpoint, where there are none', async () => {
    bareMachine();
    const connection = await openConnection(request({ endpoint: engine.endpoint, region: null }));
    await listTables(connection.context.dynamo, 1);
    expect(connection.context.dynamo.region).toBe('us-east-1');
    await connection.close();
  });

  it.each([null, 'http://192.0.2.1:8000'])('there are none, at %s: said at once, nothing is sent', async (endpoint) => {
    bareMachine();
    const connection = await openConnection(request({ endpoint }));
    const { error, ms } = await failureOf(listTables(connection.context.dynamo, 1));
    await connection.close();
    expect(error).toMatchObject({
      code: 'CREDENTIALS_MISSING',
      message: expect.stringContaining('no AWS credentials for eu-west-1'),
      hint: expect.stringContaining('--local'),
    });
    expect(ms).toBeLessThan(2000);
  });

  it('real ones are used where there are some, on a loopback endpoint too', async () => {
    bareMachine();
    const heard: string[] = [];
    const server = createServer((incoming, response) => {
      heard.push(incoming.headers.authorization ?? '');
      incoming.resume();
      response.end('{"TableNames":[]}');
    });
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    const address = server.address();
    const port = address === null || typeof address === 'string' ? 0 : address.port;
    const env = { AWS_ACCESS_KEY_ID: 'AKIDREAL', AWS_SECRET_ACCESS_KEY: 'secret' };
    for (const each of [env, {}]) {
      const connection = await openConnection(request({ endpoint: `http://127.0.0.1:${port}`, env: each }));
      await listTables(connection.context.dynamo, 1);
      await connection.close();
    }
    server.close();
    expect(heard[0]).toContain('Credential=AKIDREAL/');
    expect(heard[1]).toContain('Credential=local/');
  });

  it('no region is guessed for AWS', async () => {
    bareMachine();
    const { error } = await failureOf(openConnection(request({ region: null })));
    expect(error).toMatchObject({ code: 'REGION_MISSING', hint: expect.stringContaining('--region') });
  });

  it('a profile that does not exist is named', async () => {
    bareMachine();
    const { error } = await failureOf(openConnection(request({ profile: 'nobody' })));
    expect(error).toMatchObject({ code: 'CREDENTIALS_MISSING', message: expect.stringContaining("'nobody'") });
  });

  it('a profile of AWS_PROFILE that is not here does not keep from an engine on this machine', async () => {
    bareMachine();
    const local = request({ profile: 'nobody', endpoint: 'http://127.0.0.1:9' });
    const connection = await openConnection(local);
    expect(connection.context.dynamo.endpoint).toBe('http://127.0.0.1:9');
    await connection.close();
    const { error } = await failureOf(openConnection({ ...local, profileIsFlag: true }));
    expect(error.code).toBe('CREDENTIALS_MISSING');
  });

  it('an unknown region is said to be one, when its host is not found', async () => {
    bareMachine();
    const env = { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: 'y' };
    const connection = await openConnection(request({ region: 'eu-wset-1', env }));
    const { error, ms } = await failureOf(listTables(connection.context.dynamo, 1));
    await connection.close();
    // Without a network the name service itself may be what is missing.
    expect(['REGION_UNKNOWN', 'ENDPOINT_UNREACHABLE']).toContain(error.code);
    expect(error.message).toContain('eu-wset-1');
    expect(ms).toBeLessThan(12_000);
  });
});

describe('an endpoint that is silent', () => {
  it('a server that never answers: given up within twelve seconds, after two attempts', async () => {
    const { error, ms } = await silence;
    expect(error).toMatchObject({ code: 'ENDPOINT_UNREACHABLE', hint: expect.stringContaining('--endpoint-url') });
    expect(ms).toBeLessThan(12_000);
    // Two attempts, and one connection of the test that was interrupted.
    expect(silentSockets.size).toBe(3);
  });
});
