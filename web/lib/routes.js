/**
 * The routes and who may open them: "anyone", a signed-in "student", or a "sorted" student. Each page is a module in
 * `pages/` whose default export builds it, with a style sheet of the same name (or of the name `style`).
 */
export const ROUTES = {
  "#/": { page: "welcome", who: "anyone" },
  "#/sign-in": { page: "sign-in", style: "sign-in", who: "anyone" },
  "#/sign-up": { page: "sign-up", style: "sign-in", who: "anyone" },
  "#/photo": { page: "photo", who: "student" },
  "#/sorting": { page: "sorting", who: "student" },
  "#/reveal": { page: "reveal", who: "sorted" },
  "#/choose": { page: "choose", who: "student" },
  "#/card": { page: "card", who: "sorted" },
  "#/room": { page: "room", who: "sorted" },
  "#/lounge": { page: "lounge", who: "sorted" },
  "#/account": { page: "account", who: "student" },
};

/** The route of the student's next enrolment step. */
export function nextStep(student) {
  if (!student) return "#/";
  if (student.house) return "#/room";
  return student.photographed ? "#/sorting" : "#/photo";
}
