/** The same over 200 000 operations a file system. */
import { holdsEach } from './held.ts';

await holdsEach(200_000);
