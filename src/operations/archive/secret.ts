export { LEAST_KEY_FILE_BYTES, type Secret } from '../../archive/cipher.js';
