export type { AreaReport, Finding, Report, Verdict } from './report/report.js';
export { AREAS, type Area } from './report/areas.js';
