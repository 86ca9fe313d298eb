import { expect, it } from 'vitest';
import { runPythonTests } from '../testing/python.js';
import { checkFile, problemMark, refusedExitCode, validatorProgram } from './validator.js';

it('the program that judges a configuration does what its own tests say', () =>
  runPythonTests(new URL('./validate_test.py', import.meta.url)));

it('the program and the controller mean the same', () => {
  expect(validatorProgram).toContain(`'${checkFile}'`);
  expect(validatorProgram).toContain(`return ${refusedExitCode} if problems`);
  expect(validatorProgram).toContain(`f'${problemMark}"{self.name}"].`);
});
