package health

// Expand is expand, for the tests beside it.
var Expand = expand
