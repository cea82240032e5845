import type { Layout, TableRole, TableSpec } from './types.js';

const TABLE_NAME = /^[a-zA-Z0-9_.-]{3,255}$/;

/** Why a text cannot be a table's or an index's name (DynamoDB: 3 to 255 of a–z A–Z 0–9 _ - .), or undefined. */
export function nameProblem(name: string): string | undefined {
  if (name.length < 3) return 'is shorter than the 3 characters that DynamoDB demands';
  if (name.length > 255) return 'is longer than the 255 characters that DynamoDB allows';
  return TABLE_NAME.test(name) ? undefined : 'may hold only letters a–z and A–Z, digits, and the characters _ - .';
}

export interface TableName {
  readonly role: TableRole;
  readonly name: string;
  /** The environment variable that gave the name, `flag`, `configuration` or `default`. */
  readonly source: string;
}

/** Names given by flags or the configuration file, by role. */
export type GivenNames = Partial<Record<TableRole, { readonly name: string; readonly source: string } | undefined>>;

/** A name before its suffix was appended; any other name as it is. */
export function withoutSuffix(name: string, suffix: string | null): string {
  return suffix !== null && name.endsWith(`-${suffix}`) ? name.slice(0, -suffix.length - 1) : name;
}

/**
 * The names of a layout's tables: what was given, else the layout's environment variables, else its defaults; each with
 * `-` and the suffix appended, if there is one. A variable may hold the whole name already: an application reads it too.
 */
export function tableNames(
  layout: Layout,
  given: { readonly flags: GivenNames; readonly file: GivenNames },
  environment: Readonly<Record<string, string | undefined>>,
  suffix: string | null = null,
): readonly TableName[] {
  const names: TableName[] = [];
  const nameOf = (spec: TableSpec): TableName => {
    const flag = given.flags[spec.role];
    if (flag !== undefined) return { role: spec.role, ...flag };
    for (const variable of spec.environmentVariables) {
      const value = environment[variable];
      if (value !== undefined && value !== '')
        return { role: spec.role, name: withoutSuffix(value, suffix), source: variable };
    }
    const configured = given.file[spec.role];
    if (configured !== undefined) return { role: spec.role, ...configured };
    const sessions = names.find(({ role }) => role === 'sessions')?.name ?? '';
    return { role: spec.role, name: spec.defaultName.replaceAll('{sessions}', sessions), source: 'default' };
  };
  for (const spec of layout.tables) names.push(nameOf(spec));
  return suffix === null ? names : names.map((table) => ({ ...table, name: `${table.name}-${suffix}` }));
}
