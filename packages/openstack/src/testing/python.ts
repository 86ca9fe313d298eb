import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';

/** Runs a file of Python's unittest, as one test of ours. Rejects with what it printed where one of its tests fails. */
export async function runPythonTests(file: URL): Promise<void> {
  try {
    // -B: leaves no compiled files in the sources.
    await promisify(execFile)('python3', ['-B', '-W', 'error', fileURLToPath(file)]);
  } catch (error) {
    const { message, stderr = '' } = error as Error & { stderr?: string };
    throw new Error(stderr === '' ? message : stderr, { cause: error });
  }
}
