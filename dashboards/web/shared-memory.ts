/**
 * A browser has shared memory only for pages that are isolated and came over TLS. One thread searches here, to which its
 * own memory is as good. Imported first, for the search asks for its memory where it is loaded.
 */
if (!('SharedArrayBuffer' in globalThis)) {
  Object.assign(globalThis, { SharedArrayBuffer: ArrayBuffer });
}
