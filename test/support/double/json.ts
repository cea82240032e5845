import { isJson, type Json } from '../raw-client.js';

export { isJson, type Json } from '../raw-client.js';

/** The member if it is a JSON object. */
export const objectIn = (body: Json, member: string): Json | undefined => {
  const value = body[member];
  return isJson(value) ? value : undefined;
};

/** The member if it is a string. */
export const textIn = (body: Json, member: string): string | undefined => {
  const value = body[member];
  return typeof value === 'string' ? value : undefined;
};

/** The member if it is a number. */
export const numberIn = (body: Json, member: string): number | undefined => {
  const value = body[member];
  return typeof value === 'number' ? value : undefined;
};

/** The objects of a list member; empty when there is none. */
export const objectsIn = (body: Json, member: string): readonly Json[] => {
  const value = body[member];
  return Array.isArray(value) ? value.filter(isJson) : [];
};

/** The strings of a list member; empty when there is none. */
export const textsIn = (body: Json, member: string): readonly string[] => {
  const value = body[member];
  return Array.isArray(value) ? value.filter((element): element is string => typeof element === 'string') : [];
};

/** The object without these members. */
export const without = (body: Json, members: readonly string[]): Json =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !members.includes(name)));
