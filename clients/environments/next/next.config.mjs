import { fileURLToPath } from 'node:url';

export default {
  // Its dependencies are those of the folder above.
  turbopack: { root: fileURLToPath(new URL('..', import.meta.url)) },
};
