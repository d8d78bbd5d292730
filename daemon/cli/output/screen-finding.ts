/** A finding as the live screen draws it. */
import { rowLabel, type StoredFinding, shownId } from '../../../corpus/vocabulary/finding.ts';
import { standingOf } from '../../../workers/reproduce/naming.ts';
import type { ScreenFinding } from './frame.ts';
import { commandOn } from './render-finding.ts';

/** @param atMs when it was published */
export function screenFinding(
  finding: StoredFinding,
  atMs: number,
  dataDir: string,
): ScreenFinding {
  const { id, class: symptom, title, model } = finding;
  const [row, standing] = [rowLabel(finding), standingOf(finding)];
  const command = commandOn(`show ${shownId(id)}`, dataDir);
  return { id, class: symptom, title, model, row, standing, atMs, command };
}
