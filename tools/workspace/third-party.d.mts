import type { Metafile } from 'esbuild';

export interface ThirdParty {
  name: string;
  version: string;
  licence: string;
  folder: string;
  files: string[];
}
export declare const NOTICES: string;
export declare const PACKAGES: string;
export declare function packagesIn(metafiles: readonly Metafile[], root: string): ThirdParty[];
export declare function noticesOf(packages: readonly ThirdParty[]): string;
export declare function writeThirdParty(directory: string, metafiles: readonly Metafile[], root: string): void;
