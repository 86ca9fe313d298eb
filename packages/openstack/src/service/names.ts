// How what a step makes is called, after the step. One rule for all: claims and volumes keep their names for ever, and with
// another rule they would be others.

/** Of a step, as names and labels of Kubernetes have it: "DbSync" → "db-sync", "ApiCfn" → "api-cfn", "NBServer" → "nb-server". */
export function kebab(step: string): string {
  const borders = /(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])/g;
  return step.replaceAll(borders, '-').toLowerCase();
}

/** Of a step, as the catalog names commands and applications: "DbSync" → "dbSync", "Api" → "api". */
export function camel(step: string): string {
  return kebab(step).replaceAll(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** Of what the step `step` makes for an object: `<object>-<step in kebab-case>`. */
export function partName(object: string, step: string): string {
  return `${object}-${kebab(step)}`;
}

/** Of the workload, and of the Service, that a step runs: the API's own has the object's name. */
export function serviceName(object: string, step = 'Api'): string {
  return step === 'Api' ? object : partName(object, step);
}
