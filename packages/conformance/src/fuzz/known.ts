// What two servers are known to answer differently, and why. The devcluster's README says the same to its users.
export interface Known {
  /** Of the places that are spoken of: "Pod: create: spec.overhead added as {}". */
  where: RegExp;
  why: string;
}

const known: readonly Known[] = [
  {
    where:
      /: (create|update): .*(ephemeralContainers|overhead|resources|volumeClaimTemplate\.metadata|NetworkPolicy.*)\b.*added as .*(\[\]|\{\})/,
    why: 'a list or map that Go leaves out is as none here, even if it was sent; some rules of a real server see it',
  },
  {
    where: /^NetworkPolicy.*: update: .* added as (\[\]|\{\})/,
    why: 'a list that was sent empty makes a new generation of a NetworkPolicy there',
  },
  {
    where: /^EndpointSlice.*: update: .*deprecatedTopology added/,
    why: 'a field of an earlier version that is dropped makes a new generation there all the same',
  },
  {
    where: /^PersistentVolumeClaim: create: spec\.storageClassName removed/,
    why: 'a devcluster has a default storage class; the other cluster may have none, or another',
  },
  {
    where: /: update: metadata\.resourceVersion added as "/,
    why: 'a resourceVersion that is no number is another than the one that is there: a conflict; an error of the server there',
  },
  {
    where: /^ControllerRevision: (create|update): data a text/,
    why: 'data that is no object cannot be read here; there validation refuses it',
  },
];

/** Why the answers at a place may differ; undefined where nothing explains it. */
export const explanation = (place: string): string | undefined => known.find(({ where }) => where.test(place))?.why;
