import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { redact } from '../../src/output/redact.js';
import { maskSecrets } from '../../src/output/secret-text.js';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';

describe('a secret that is known by its form', () => {
  it.each([
    ['a bearer token', 'sent Bearer abcDEF.123-x~y+z/= with it', 'abcDEF'],
    ['a basic one', 'Authorization: Basic dXNlcjpwYXNz', 'dXNlcjpwYXNz'],
    ['a basic one by itself', 'Basic dXNlcjpwYXNzMQ==', 'dXNlcjpwYXNz'],
    ['another authorization', '"authorization": "AWS4-HMAC-SHA256 Credential=x"', 'AWS4'],
    ['a JSON web token', `token is ${JWT}.`, 'eyJhbGciOiJIUzI1NiJ9'],
    ['one in the middle of an address', `https://x.example/?jwt=${JWT}&y=1`, 'dozjgNryP4J3'],
    ['an id of an AWS key', 'key AKIAIOSFODNN7EXAMPLE here', 'IOSFODNN7EXAMPLE'],
    ['one of a session', 'ASIAIOSFODNN7EXAMPLE', 'IOSFODNN7EXAMPLE'],
    ['an AWS secret', 'aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY', 'wJalrXUtnFEMI'],
    ['an AWS secret in the environment', 'AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG', 'wJalrXUtnFEMI'],
    ['one in camel case', '{secretAccessKey: "wJalrXUtnFEMI/K7MDENG"', 'wJalrXUtnFEMI'],
    ['an access token in a form', 'grant=x&access_token=2YotnFZFEjr1zCsicMWpAA&z=1', '2YotnFZFEjr1zCsicMWpAA'],
    ['a password', 'user=me password=hunter2-is-it', 'hunter2'],
    ['cookies of a browser', 'Cookie: a=1; sid=31d4d96e407aad42', '31d4d96e407aad42'],
    ['a cookie of a server', 'Set-Cookie: sid=31d4d96e407aad42; Path=/; HttpOnly', '31d4d96e407aad42'],
    ['a cookie without its header', 'sid=31d4d96e407aad42; Path=/; HttpOnly', '31d4d96e407aad42'],
    ['the cookie of express', 'connect.sid=s%3Aabcdefgh.ijkl', 'abcdefgh'],
    ['a token of a forge', 'ghp_16C7e42F292c6912E7710c838347Ae178B4a', '16C7e42F'],
    ['a key of a model', 'sk-proj-abcdefghij0123456789', 'abcdefghij'],
    ['a password in an address', 'https://me:hunter2@proxy.example:8080/x', 'hunter2'],
    ['a private key', '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----', 'MIIEow'],
  ])('%s is masked', (_, text, secret) => {
    expect(maskSecrets(text)).toContain('••••••');
    expect(maskSecrets(text)).not.toContain(secret);
    expect(JSON.stringify(redact({ note: [text] }, () => false))).not.toContain(secret);
    expect(JSON.stringify(redact({ [text]: 1 }, () => false))).not.toContain(secret);
  });

  it.each([
    'basic functionality of the token was refreshed',
    'the session token has expired: sign in again',
    'set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
    'mcp-sessions purge --where state.userId=user-42 --sessions-table mcp-sessions',
    'https://dynamodb.eu-west-1.amazonaws.com:443/path',
    'arn:aws:dynamodb:eu-west-1:123456789012:table/mcp-sessions/backup/01489602797149-73d8d5bc',
    '01a1f8ef-a9cd-708d-98f5-3a7d94186ed5',
    '2026-11-20T12:00:00.000Z',
    'risk-assessment-of-the-desk-lamp',
    'a cookie is a small cake; path to it',
  ])('%s is none', (text) => {
    expect(maskSecrets(text)).toBe(text);
  });

  it('leaves keys that are masked alike apart', () => {
    const value = { [JWT]: 1, [`${JWT}x`]: 2, plain: 3 };
    expect(redact(value, () => false)).toEqual({ 'eyJ••••••': 1, 'eyJ•••••• (2)': 2, plain: 3 });
  });

  it('of whatever text is found or not, and masked once', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(maskSecrets(maskSecrets(text)).length).toBeLessThanOrEqual(maskSecrets(text).length + 60);
      }),
    );
  });

  // A pattern that looks at the same characters again and again takes minutes over these.
  it.each([
    ['eyJ', '-eyJ'],
    ['an address', 'a://'],
    ['an address with a colon', 'a:'],
    ['names of cookies', 'a='],
    ['letters', 'a'],
    ['blanks', 'Bearer '],
    ['basic', 'Basic a'],
    ['private keys', '-----BEGIN PRIVATE KEY-----'],
    ['signs', 'password:'],
    ['ids of keys', 'AKIA'],
    ['tokens', 'sk-a'],
    ['tokens', '-sk-a'],
  ])('100 KB of %s are read once', (_, piece) => {
    const text = piece.repeat(Math.ceil(100_000 / piece.length));
    expect(typeof maskSecrets(text)).toBe('string');
  });
});
