/**
 * The routes and who may open them: "anyone" (a student goes on to the next step), "everyone", a signed-in "student", or a
 * "sorted" student. Each page is a module in
 * `pages/` whose default export builds it, with a style sheet of the same name (or of the name `style`).
 */
export const ROUTES = {
  "#/": { page: "welcome", who: "anyone" },
  "#/sign-in": { page: "sign-in", style: "sign-in", who: "anyone" },
  "#/sign-up": { page: "sign-up", style: "sign-in", who: "anyone" },
  "#/forgotten": { page: "forgotten", style: "sign-in", who: "anyone" },
  "#/new-password": { page: "new-password", style: "sign-in", who: "everyone" },
  "#/photo": { page: "photo", who: "student" },
  "#/sorting": { page: "sorting", who: "student" },
  "#/reveal": { page: "reveal", who: "sorted" },
  "#/choose": { page: "choose", who: "student" },
  "#/card": { page: "card", who: "sorted" },
  "#/room": { page: "room", who: "sorted" },
  "#/lounge": { page: "lounge", who: "sorted" },
  "#/account": { page: "account", who: "student" },
};

const WITH_MORE = new Set(["#/new-password", "#/sign-up"]);

/** A hash in two parts: its route, and what stands behind it, such as the end of a link. */
export function parts(hash) {
  const [, name = "", ...rest] = hash.split("/");
  const route = `#/${name}`;
  return rest.length && !WITH_MORE.has(route) ? [hash, ""] : [route, rest.join("/")];
}

/** The route of the student's next enrolment step. */
export function nextStep(student) {
  if (!student) return "#/";
  if (student.house) return "#/room";
  return student.photographed ? "#/sorting" : "#/photo";
}
