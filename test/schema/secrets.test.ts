import { describe, expect, it } from 'vitest';
import { LAYOUTS, secretJudge } from '../../src/schema/index.js';
import { layoutNamed } from './fixtures.js';

const EVERYWHERE = [
  'sessionToken',
  'accessToken',
  'access_token',
  'refresh',
  'refreshToken',
  'refresh_token',
  'id_token',
  'token',
  '_token',
  'csrf',
  '_csrf',
  'csrfSecret',
  'csrf_token',
  'XSRF-TOKEN',
  'password',
  'password_hash_web',
  'secret',
  'secretOrKey',
  'client_secret',
  'nonce',
  'mcp-upstream-tokens',
  'mcp-refresh-tokens',
  'apiKey',
  'x-api-key',
  'aws_secret_access_key',
  'Authorization',
  'private_key',
  'jwt',
];

describe.each(LAYOUTS.map((layout) => [layout.id, layout] as const))('secrets of %s', (_, layout) => {
  const isSecret = secretJudge(layout);

  it.each(EVERYWHERE)('%s', (key) => {
    expect(isSecret(key, 'eyJhbGciOi')).toBe(true);
    expect(isSecret(key, { deep: 1 })).toBe(true);
  });

  it.each([
    ['max_tokens', 4096],
    ['maxTokens', 4096],
    ['tokensUsed', 12],
    ['token_count', 12],
    ['created_at', 1],
    ['user', 'ada'],
    ['author', 'ada'],
    ['expires', 1],
    ['session_id', 'x'],
    ['userId', 'x'],
  ])('not %s', (key, value) => {
    expect(isSecret(key, value)).toBe(false);
  });

  it('a number is no count where the key does not say so', () => {
    expect(isSecret('token', 123_456)).toBe(true);
    expect(isSecret('password', 1234)).toBe(true);
    expect(isSecret('tokens', 'eyJ')).toBe(true);
  });
});

describe('secrets of one layout', () => {
  it.each(['mcp', 'turul', 'pmcp-tasks'])('%s: a progress token is none', (id) => {
    expect(secretJudge(layoutNamed(id))('progressToken', 'search_docs')).toBe(false);
    expect(secretJudge(layoutNamed(id))('progress_token', 7)).toBe(false);
  });

  it('mcp: the state is the application’s, not a secret as a whole', () => {
    expect(secretJudge(layoutNamed('mcp'))('state', { a: 1 })).toBe(false);
  });

  it('llm-duel: what the sign-in checks', () => {
    const isSecret = secretJudge(layoutNamed('llm-duel'));
    expect(['state', 'nonce', 'code_verifier'].map((key) => isSecret(key, 'x'))).toEqual([true, true, true]);
  });

  it('pmcp-tasks: what tools were given and gave back', () => {
    const isSecret = secretJudge(layoutNamed('pmcp-tasks'));
    expect(['variables', 'result'].map((key) => isSecret(key, {}))).toEqual([true, true]);
  });

  it('express: the user of passport, not the settings of the cookie', () => {
    const isSecret = secretJudge(layoutNamed('express'));
    expect(isSecret('passport', { user: 1 })).toBe(true);
    expect(isSecret('cookie', { path: '/' })).toBe(false);
    expect(secretJudge(layoutNamed('mcp'))('cookie', 'a=b')).toBe(true);
  });

  it('an own list beats the names, secrets beat what is public', () => {
    const isSecret = secretJudge({
      ...layoutNamed('generic'),
      secretKeys: ['My-Thing'],
      publicKeys: ['myThing', 'csrf'],
    });
    expect([isSecret('my_thing', 1), isSecret('csrf', 'x')]).toEqual([true, false]);
  });
});
