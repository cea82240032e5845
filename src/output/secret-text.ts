const MASK = '••••••';

/**
 * What is a secret by its form, wherever it stands. What says which kind it is stays, the rest is masked. Texts are
 * hostile: a pattern begins only where a run of its characters does, so that none takes longer than a few looks at each.
 */
const FORMS: readonly (readonly [RegExp, string])[] = [
  // What an Authorization header holds.
  [/\b(authorization["']?\s{0,9}[:=]\s{0,9}["']?)[^\r\n"']{4,}/gi, `$1${MASK}`],
  [/\b(Bearer\s{1,9})[\w.~+/=:-]{8,}/gi, `$1${MASK}`],
  [/\b(Basic\s{1,9})(?=[A-Za-z+/]{0,200}[\d=])[\w+/=-]{8,}/gi, `$1${MASK}`],
  // JSON Web Tokens: two parts of base64url that begin as `{"` does, and a signature that may be missing.
  [/(?<![\w-])eyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?/g, `eyJ${MASK}`],
  // Ids of AWS access keys: they open nothing, but say whose the secret is.
  [/(?<![A-Z0-9])(AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{12,}/g, `$1${MASK}`],
  // Keys and passwords that are written out: name, sign, value.
  [
    /((?:secret_?access_?key|(?:session|security|access|refresh|id|api|auth)_?token|api_?key|client_?secret|passw(?:or)?d)["']?\s{0,9}[:=]\s{0,9}["']?)[^\s"'&,;]{4,}/gi,
    `$1${MASK}`,
  ],
  // Cookies as a browser sends them, and as a server sets them.
  [/\b((?:set-)?cookie:\s{0,9})[^\r\n"]+/gi, `$1${MASK}`],
  [
    /(^|[\s;,"'])([\w.-]{1,64}=)[^\s;,"']{8,}(?=\s{0,9};\s{0,9}(?:path|expires|max-age|domain|httponly|secure|samesite)\b)/gi,
    `$1$2${MASK}`,
  ],
  [/\b(connect\.sid|PHPSESSID|JSESSIONID)=[^\s;,"'&]{8,}/gi, `$1=${MASK}`],
  // Tokens that tell by their first letters whose they are.
  [
    /(?<![\w-])(gh[oprsu]_|github_pat_|glpat-|xox[abeprs]-|sk-|[prs]k_(?:live|test)_)(?=[A-Za-z_-]{0,80}\d)[\w-]{10,}/g,
    `$1${MASK}`,
  ],
  // A name and a password in an address.
  [/(?<![a-z0-9+.-])([a-z][a-z0-9+.-]{1,15}:\/\/)[^\s/@:"']{0,200}:[^\s/@"']{1,200}@/gi, `$1${MASK}@`],
  [/(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)[^-]*(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g, `$1${MASK}`],
];

const SHORTEST = 12;

/** A text with the secrets in it masked that are known by their form: tokens, cookies, keys, passwords. */
export function maskSecrets(text: string): string {
  if (text.length < SHORTEST) return text;
  return FORMS.reduce((masked, [form, replacement]) => masked.replace(form, replacement), text);
}
