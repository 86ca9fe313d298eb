import type { Plugin } from 'esbuild';

export declare const inlinePrograms: Plugin;
