// Where the workflow side of the plugin is. An absolute path, since bundlers of strict layouts (pnpm) find nothing by name.
import { fileURLToPath } from 'node:url';

/** The bundler also finds the `.ts` file of that name, when this runs from sources. */
export const INTERCEPTOR_PATH = fileURLToPath(new URL('../../workflows/steps/interceptor.js', import.meta.url));
