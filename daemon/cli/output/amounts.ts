/** Counts and times in few characters, for lines that people read while they change. */

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'];

/** `950`, `12.3k`, `4.56M`: three digits tell how fast it grows. */
export function amount(count: number): string {
  const power = count < 1000 ? 0 : Math.min(Math.floor(Math.log10(count) / 3), UNITS.length - 1);
  const value = count / 1000 ** power;
  return power === 0 ? String(Math.round(count)) : `${Number(value.toPrecision(3))}${UNITS[power]}`;
}

/** `45 s`, `12 min`, `3 h 20 min`, `2 d 5 h`. */
export function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  if (minutes === 0) return `${Math.round(seconds)} s`;
  if (hours === 0) return `${minutes} min`;
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `0:00:45`, `27:12:04`. */
export function clockText(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const padded = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.floor(seconds / 60);
  return `${Math.floor(minutes / 60)}:${padded(minutes % 60)}:${padded(seconds % 60)}`;
}
