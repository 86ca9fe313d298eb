import { expect, it } from 'vitest';
import { runPythonTests } from '../testing/python.js';
import { checkFile, problemMark, refusedExitCode, validatorProgram } from './validator.js';

it.each(['validate', 'stackwright_application', 'stackwright_liveness', 'sitecustomize'])(
  '%s.py does what its own tests say',
  (name) => runPythonTests(new URL(`./${name}_test.py`, import.meta.url)),
);

it('the program and the controller mean the same', () => {
  expect(validatorProgram).toContain(`'${checkFile}'`);
  expect(validatorProgram).toContain(`return ${refusedExitCode} if problems`);
  expect(validatorProgram).toContain(`f'${problemMark}"{self.name}"].`);
});
