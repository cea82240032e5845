export * from './attribute-value.js';
