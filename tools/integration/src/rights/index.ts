export { rightsTable, type Row } from './table.js';
